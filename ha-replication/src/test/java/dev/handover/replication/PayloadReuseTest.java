package dev.handover.replication;

import static dev.handover.replication.TestCluster.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.NodeId;
import dev.handover.OutcomeUnknownException;
import dev.handover.replication.TestCluster.Running;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The memory of commands is used again, and nobody ever sees another command for it: commands that verify themselves go through nodes whose leader changes, whose followers are cut off and slow,
 * and whose memory is overwritten as soon as it is let go of. Looked at by every state machine, and in every log on disk.
 */
@Timeout(180)
class PayloadReuseTest {
    private static final int HEAD = Long.BYTES + Integer.BYTES;
    private static final int PHASE = 300;
    /** With its length on average more than what the core keeps in memory: what came before is let go of. */
    private static final int MANY = 800;

    final TestCluster cluster = new TestCluster();
    private final Queue<String> wrong = new ConcurrentLinkedQueue<>();

    @AfterEach
    void close() {
        cluster.close();
    }

    /** Verifies every command, where it lies. */
    private final class Verifying extends TestCluster.Journal implements InPlaceStateMachine {
        final List<Long> numbers = new ArrayList<>(); // of the applier
        final AtomicInteger count = new AtomicInteger();

        @Override
        public byte[] apply(Command command) {
            throw new AssertionError("not in place: " + command);
        }

        @Override
        public byte[] apply(long index, long epoch, long timestampMillis, ByteBuffer command) {
            ByteBuffer seen = command.duplicate();
            long number = command.remaining() < HEAD ? -1 : command.getLong();
            if (number < 0 || command.getInt() != crcOf(number, command)) {
                byte[] head = new byte[Math.min(16, seen.remaining())];
                seen.get(head);
                wrong.add("at index " + index + " " + seen + " begins "
                        + HexFormat.of().formatHex(head));
            }
            numbers.add(number);
            count.incrementAndGet();
            return new byte[0];
        }
    }

    private static int crcOf(long number, ByteBuffer rest) {
        CRC32 crc = new CRC32();
        crc.update((int) number);
        crc.update(rest);
        return (int) crc.getValue();
    }

    private static void fill(ByteBuffer buffer, long number) {
        SplittableRandom random = new SplittableRandom(number);
        int length = random.nextInt(28 << 10);
        buffer.clear();
        buffer.position(HEAD);
        while (buffer.position() < HEAD + length) {
            buffer.putLong(random.nextLong());
        }
        buffer.flip().position(HEAD);
        int crc = crcOf(number, buffer);
        buffer.putLong(0, number).putInt(Long.BYTES, crc).position(0);
    }

    /** Submits here and there, always from the same buffer, and knows what was answered. */
    final class Writer {
        private final Semaphore window = new Semaphore(48);
        private final ByteBuffer buffer = ByteBuffer.allocateDirect(32 << 10);
        private final Map<Long, Boolean> answered = new ConcurrentHashMap<>();
        private long next;
        /** Nothing is submitted there: who dies answers nobody. */
        private String avoided = "";

        void write(int count) throws InterruptedException {
            for (int i = 0; i < count; i++) {
                assertThat(window.tryAcquire(60, TimeUnit.SECONDS)).isTrue();
                long number = next++;
                submit(number);
            }
        }

        private void submit(long number) {
            List<Running> nodes = new ArrayList<>(cluster.running.values());
            nodes.removeIf(node -> node.node().id().value().equals(avoided));
            ReplicatedLog log = nodes.get((int) (number / 16 % nodes.size())).log();
            synchronized (buffer) {
                fill(buffer, number);
                log.submit(buffer, (result, failure) -> {
                    if (failure == null) {
                        answered.put(number, true);
                    } else if (!(failure instanceof OutcomeUnknownException)) {
                        answered.put(number, false); // surely not applied
                    }
                    window.release();
                });
            }
        }

        void finish() throws InterruptedException {
            assertThat(window.tryAcquire(48, 60, TimeUnit.SECONDS)).isTrue();
            window.release(48);
        }
    }

    private Running leader() throws InterruptedException {
        await("somebody leads", () -> cluster.running.values().stream()
                .anyMatch(r -> r.log().status().role().leads()));
        return cluster.running.values().stream()
                .filter(r -> r.log().status().role().leads())
                .findFirst()
                .orElseThrow();
    }

    private Running follower() throws InterruptedException {
        Running leader = leader();
        return cluster.running.values().stream()
                .filter(r -> r != leader)
                .findFirst()
                .orElseThrow();
    }

    private long reused() {
        long sum = 0;
        for (Running r : cluster.running.values()) {
            sum += ((LocalLog) r.log()).payloads().reused();
        }
        return sum;
    }

    private void startAll() throws Exception {
        for (String id : List.of("a", "b", "c")) {
            ((LocalLog) cluster.start(id).log()).payloads().poison();
        }
        for (Running r : cluster.running.values()) {
            r.log().awaitInSync(TestCluster.LONG.multipliedBy(2)).get(60, TimeUnit.SECONDS);
        }
    }

    @Test
    void shouldShowNobodyAnotherCommand(@TempDir Path directory) throws Exception {
        cluster.onDisk = directory;
        cluster.machines = Verifying::new;
        cluster.settings =
                builder -> builder.commandTimeout(Duration.ofSeconds(30)).sessionTimeout(Duration.ofMinutes(10));
        startAll();
        Writer writer = new Writer();
        writer.write(MANY);
        long before = reused();
        writer.write(PHASE);
        assertThat(reused()).as("blocks are used again").isGreaterThan(before);

        disturb(writer);

        await("handed over", () -> {
            try {
                leader().log().handOver().get(20, TimeUnit.SECONDS);
                return true;
            } catch (Exception e) {
                return false; // nobody to hand it to just now
            }
        });
        long atNewLeader = reused();
        writer.write(MANY);
        assertThat(reused()).as("blocks are used again by the next leader").isGreaterThan(atNewLeader);

        String killed = leader().node().id().value();
        writer.finish();
        writer.avoided = killed;
        writer.write(PHASE / 2);
        cluster.crash(killed);
        writer.write(PHASE / 2);
        writer.finish();
        cluster.start(killed);

        verify(writer);
        List<String> ids = List.of("a", "b", "c");
        for (String id : ids) {
            cluster.running.remove(id).node().close();
        }
        startAll(); // every log once more, from disk
        verify(writer);
    }

    /** What only this network can do. */
    void disturb(Writer writer) throws InterruptedException {
        NodeId leader = leader().node().id();
        cluster.network.slow(leader, follower().node().id(), 4 << 20);
        writer.write(PHASE);
        cluster.network.heal();

        cluster.network.cut(leader().node().id(), follower().node().id());
        writer.write(PHASE / 2);
        cluster.network.heal();
        writer.write(PHASE / 2);
    }

    private void verify(Writer writer) throws Exception {
        long last = 0;
        for (Running r : cluster.running.values()) {
            r.log().awaitInSync(TestCluster.LONG).get(60, TimeUnit.SECONDS);
            last = Math.max(last, r.log().status().commitIndex());
        }
        List<Long> first = null;
        for (Running r : cluster.running.values()) {
            long index = last;
            await("all is applied", () -> r.log().status().appliedIndex() >= index);
            List<Long> numbers = r.log()
                    .read(Consistency.LOCAL, () -> List.copyOf(((Verifying) r.journal()).numbers))
                    .get(30, TimeUnit.SECONDS);
            assertThat(wrong).isEmpty();
            BitSet seen = new BitSet();
            for (long number : numbers) {
                assertThat(seen.get((int) number))
                        .as("%s applied twice", number)
                        .isFalse();
                seen.set((int) number);
            }
            writer.answered.forEach((number, applied) -> assertThat(seen.get(number.intValue()))
                    .as("%s applied", number)
                    .isEqualTo(applied));
            assertThat(first == null ? numbers : first).isEqualTo(numbers);
            first = numbers;
        }
    }
}
