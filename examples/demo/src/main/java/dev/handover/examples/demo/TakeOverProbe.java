package dev.handover.examples.demo;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Sees the first commit of the next leader from outside: as soon as the leader is killed it sends one write to each survivor and waits
 * for the first answer. That write cannot have been committed by the dead one, and the survivors hold it until there is a leader again.
 */
final class TakeOverProbe implements AutoCloseable {
    private final String key;
    private final List<RespConnection> connections = new ArrayList<>();
    private final CountDownLatch killed = new CountDownLatch(1);
    private final LinkedBlockingQueue<Long> answered = new LinkedBlockingQueue<>();
    private final List<Thread> threads = new ArrayList<>();
    private volatile String lastTrouble = "no answer";

    /** Connects to the survivors, so that the dial is not part of what is measured. */
    TakeOverProbe(List<InetSocketAddress> survivors, int round) throws IOException {
        key = "demo:probe:" + round;
        try {
            for (InetSocketAddress survivor : survivors) {
                RespConnection connection = RespConnection.dial(survivor, Load.ANSWER_TIMEOUT);
                connections.add(connection);
                connection.call("PING");
                Thread thread = new Thread(() -> probe(connection), "probe-" + survivor.getPort());
                thread.setDaemon(true);
                threads.add(thread);
            }
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
        threads.forEach(Thread::start);
    }

    /** The leader has got its signal. */
    void killed() {
        killed.countDown();
    }

    /** When the first write was answered, by {@link System#nanoTime()}; null if none was in time. */
    @Nullable
    Long firstCommit(long timeoutNanos) throws InterruptedException {
        return answered.poll(timeoutNanos, TimeUnit.NANOSECONDS);
    }

    /** Why there is no answer, as far as is known. */
    String lastTrouble() {
        return lastTrouble;
    }

    private void probe(RespConnection connection) {
        try {
            killed.await();
            while (!Thread.currentThread().isInterrupted()) {
                Reply reply = connection.call("SET", key, "alive");
                if (reply instanceof Reply.Status) {
                    answered.add(System.nanoTime());
                    return;
                }
                lastTrouble = String.valueOf(reply);
                TimeUnit.MILLISECONDS.sleep(1);
            }
        } catch (IOException e) {
            lastTrouble = e.toString();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Ends the probes. Closing twice is fine. */
    @Override
    public void close() {
        threads.forEach(Thread::interrupt);
        connections.forEach(RespConnection::close);
    }
}
