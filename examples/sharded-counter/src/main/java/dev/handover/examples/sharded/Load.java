package dev.handover.examples.sharded;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** Clients that count, each its own keys, at any instance; what is not answered is asked of another one. */
final class Load implements AutoCloseable {
    private static final int KEYS = 16;

    private final Instances instances;
    private final Map<String, Long> acknowledged = new ConcurrentHashMap<>();
    private final AtomicLong total = new AtomicLong();
    private final AtomicLong again = new AtomicLong();
    private final List<Thread> clients = new ArrayList<>();
    private volatile boolean stopped;

    Load(Instances instances, int count) {
        this.instances = instances;
        for (int i = 0; i < count; i++) {
            int client = i;
            Thread thread = new Thread(() -> run(client), "client-" + i);
            thread.setDaemon(true);
            clients.add(thread);
            thread.start();
        }
    }

    private void run(int client) {
        try {
            for (int i = 0; !stopped; i++) {
                String key = "key-" + client + "-" + i % KEYS;
                long next = acknowledged.getOrDefault(key, 0L) + 1;
                count(key, next, client + i);
                acknowledged.put(key, next);
                total.incrementAndGet();
                Thread.sleep(5);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void count(String key, long next, int first) throws InterruptedException {
        for (int at = first; ; at++) {
            List<String> names = instances.names();
            try {
                instances.ask(names.get(at % names.size()), "POST", "/" + key + "/" + next);
                return;
            } catch (IOException e) {
                again.incrementAndGet();
                Thread.sleep(2);
            }
        }
    }

    long total() {
        return total.get();
    }

    /** How often a request had to be sent to another instance. */
    long again() {
        return again.get();
    }

    /** Ends the clients, and compares: how many counters are not where their client was told they are. */
    int wrong() throws IOException, InterruptedException {
        close();
        int asked = 0;
        int wrong = 0;
        List<String> names = instances.names();
        for (Map.Entry<String, Long> counter : acknowledged.entrySet()) {
            String found = instances.ask(names.get(asked++ % names.size()), "GET", "/" + counter.getKey());
            if (!found.equals(String.valueOf(counter.getValue()))) {
                wrong++;
            }
        }
        return wrong;
    }

    /** Lets each finish what it asked. */
    @Override
    public void close() {
        stopped = true;
        try {
            for (Thread client : clients) {
                client.join(TimeUnit.SECONDS.toMillis(30));
                if (client.isAlive()) {
                    throw new IllegalStateException(client.getName() + " has no answer for 30 s");
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
