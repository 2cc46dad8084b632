package dev.handover.jmh.cluster;

import com.sun.management.ThreadMXBean;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/** A replica or a client in a process of its own: takes commands as lines of its standard input and answers with lines that begin with {@link #MARK}. Ends with its parent. */
final class Child {
    static final String MARK = "@ ";

    private Child() {}

    static void replica(Contender contender, int self, Path layoutFile) throws Exception {
        Layout layout = Layout.load(layoutFile);
        Contender.Server server = contender.serve(layout, self);
        say("ready");
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        BufferedReader in = input();
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split(" ");
            switch (words[0]) {
                case "stats" ->
                    say(server.leads() + " " + allocated(threads) + " "
                            + server.ledger().applied() + " "
                            + server.copies().get().text());
                case "audit" -> {
                    BitSet acknowledged = BitSet.valueOf(Files.readAllBytes(Path.of(words[1])));
                    say(server.ledger().missing(acknowledged) + " "
                            + server.ledger().doubled());
                }
                default -> throw new IllegalArgumentException("unknown command " + line);
            }
        }
        Runtime.getRuntime().halt(0);
    }

    private static long allocated(ThreadMXBean threads) {
        long sum = 0;
        for (long bytes : threads.getThreadAllocatedBytes(threads.getAllThreadIds())) {
            sum += Math.max(0, bytes);
        }
        return sum;
    }

    static void client(Contender contender, Path layoutFile) throws Exception {
        Layout layout = Layout.load(layoutFile);
        BufferedReader in = input();
        try (Contender.Client client = contender.connect(layout)) {
            say("ready");
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                String[] words = line.split(" ");
                switch (words[0]) {
                    case "run" ->
                        run(
                                client,
                                Integer.parseInt(words[1]),
                                Integer.parseInt(words[2]),
                                Integer.parseInt(words[3]),
                                Integer.parseInt(words[4]),
                                Integer.parseInt(words[5]));
                    case "write" -> write(client, in, Path.of(words[1]), Long.parseLong(words[2]));
                    default -> throw new IllegalArgumentException("unknown command " + line);
                }
            }
        }
        Runtime.getRuntime().halt(0);
    }

    private static void run(
            Contender.Client client, int window, int bytes, int readPercent, int warmSeconds, int seconds)
            throws InterruptedException {
        ClosedLoop loop = new ClosedLoop(client, window, bytes, readPercent);
        loop.start();
        loop.measure(TimeUnit.SECONDS.toNanos(warmSeconds));
        say("measuring");
        ClosedLoop.Result result = loop.measure(TimeUnit.SECONDS.toNanos(seconds));
        Histogram latencies = result.latencies();
        say(String.format(
                Locale.ROOT,
                "%d %.1f %.1f %.1f %.1f %.1f %d",
                latencies.getTotalCount(),
                result.perSecond(),
                latencies.getValueAtPercentile(50) / 1e3,
                latencies.getValueAtPercentile(99) / 1e3,
                latencies.getValueAtPercentile(99.9) / 1e3,
                latencies.getMaxValue() / 1e3,
                result.errors()));
        say(loop.stop() ? "idle" : "stuck");
    }

    /** Writes one command after the other, numbered, until the next line comes; a command that nobody answers for is not repeated. */
    private static void write(Contender.Client client, BufferedReader in, Path file, long first)
            throws IOException, InterruptedException {
        Sequence sequence = new Sequence(client, first);
        sequence.warm.await(60, TimeUnit.SECONDS);
        say("writing");
        in.readLine(); // the leader is killed now
        sequence.begin();
        in.readLine(); // and that is enough
        sequence.end();
        Files.write(file, sequence.acknowledged.toByteArray());
        say(sequence.longestGapNanos + " " + sequence.acknowledged.cardinality());
    }

    private static final class Sequence implements Contender.Replies {
        private static final int WARM = 500;

        final CountDownLatch warm = new CountDownLatch(WARM);
        final CountDownLatch done = new CountDownLatch(1);
        final BitSet acknowledged = new BitSet();
        private final byte[] payload = new byte[256];
        private final Contender.Client client;
        volatile long longestGapNanos;
        private long next; // of whoever answers: one command at a time
        private volatile boolean watching;
        private volatile boolean ending;
        private long lastNanos = System.nanoTime();

        Sequence(Contender.Client client, long first) {
            this.client = client;
            next = first;
            client.listen(this);
            submit();
        }

        private void submit() {
            Ledger.putNumber(payload, next);
            client.submit(0, payload);
        }

        void begin() {
            watching = true;
        }

        void end() throws InterruptedException {
            ending = true;
            if (!done.await(60, TimeUnit.SECONDS)) {
                throw new IllegalStateException("the last command is not answered within 60 s");
            }
        }

        @Override
        public void reply(int slot, boolean ok) {
            if (ok) {
                long now = System.nanoTime();
                acknowledged.set(Math.toIntExact(next));
                if (watching) {
                    longestGapNanos = Math.max(longestGapNanos, now - lastNanos);
                }
                lastNanos = now;
                warm.countDown();
                if (ending) {
                    done.countDown();
                    return;
                }
            }
            next++;
            submit();
        }
    }

    private static BufferedReader input() {
        return new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    }

    private static void say(String line) {
        System.out.println(MARK + line);
        System.out.flush();
    }
}
