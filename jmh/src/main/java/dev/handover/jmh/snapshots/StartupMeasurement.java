package dev.handover.jmh.snapshots;

import dev.handover.jmh.snapshots.Replicas.Replica;
import java.util.Locale;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** How long one replica takes from its start until it serves with everything applied: with so many entries behind its last snapshot, and with a snapshot of so many bytes. */
final class StartupMeasurement {
    private static final int IN_FLIGHT = 8192;
    private static final int SNAPSHOT_IS_SMALL = 1 << 20;

    private final long entries;
    private final long stateBytes;
    private final int commandBytes;

    StartupMeasurement(long entries, long stateBytes, int commandBytes) {
        this.entries = entries;
        this.stateBytes = stateBytes;
        this.commandBytes = commandBytes;
    }

    void run() throws Exception {
        if (entries > 0) {
            try (Replicas replicas = new Replicas(SNAPSHOT_IS_SMALL)) {
                Replica replica = founded(replicas);
                replica.log().snapshot().get();
                long begin = System.nanoTime();
                write(replica);
                System.out.println(String.format(
                        Locale.ROOT, "%d entries of %d bytes written in %.1f s", entries, commandBytes, since(begin)));
                measure(
                        replicas,
                        entries + " entries after the last snapshot",
                        replica.state().commands());
            }
        }
        if (stateBytes > 0) {
            try (Replicas replicas = new Replicas(stateBytes)) {
                Replica replica = founded(replicas);
                replica.log().submit(new byte[commandBytes]).get();
                replica.log().snapshot().get();
                measure(
                        replicas,
                        "a snapshot of " + (stateBytes >> 20) + " MiB",
                        replica.state().commands());
            }
        }
    }

    private static Replica founded(Replicas replicas) throws Exception {
        Replica replica = replicas.start("a", replicas.state());
        replica.awaitInSync();
        return replica;
    }

    private static void measure(Replicas replicas, String what, long commands) throws Exception {
        replicas.stop("a");
        LargeState state = replicas.state();
        long begin = System.nanoTime();
        Replica again = replicas.start("a", state);
        again.awaitInSync();
        double seconds = since(begin);
        if (again.state().commands() != commands) {
            throw new IllegalStateException("there were " + commands + " commands before, and "
                    + again.state().commands() + " after the start");
        }
        System.out.println(String.format(Locale.ROOT, "start-up with %s: %.2f s", what, seconds));
    }

    private void write(Replica replica) throws InterruptedException {
        Semaphore window = new Semaphore(IN_FLIGHT);
        AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        byte[] command = new byte[commandBytes];
        for (long i = 0; i < entries && failure.get() == null; i++) {
            window.acquire();
            replica.log().submit(command).whenComplete((answer, thrown) -> {
                if (thrown != null) {
                    failure.compareAndSet(null, thrown);
                }
                window.release();
            });
        }
        if (!window.tryAcquire(IN_FLIGHT, 60, TimeUnit.SECONDS)) {
            throw new IllegalStateException("commands were not answered within 60 s");
        }
        Throwable thrown = failure.get();
        if (thrown != null) {
            throw new IllegalStateException("a command failed", thrown);
        }
    }

    private static double since(long begin) {
        return (System.nanoTime() - begin) / 1e9;
    }
}
