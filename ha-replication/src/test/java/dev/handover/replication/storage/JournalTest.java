package dev.handover.replication.storage;

import static dev.handover.replication.storage.LogFixture.SMALL;
import static dev.handover.replication.storage.LogFixture.flip;
import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.replication.protocol.LogEntry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Frames and laps. */
@Timeout(120)
class JournalTest extends JournalFixture {
    /** Some bytes of no log. */
    private static final class Bytes implements JournalPart {
        private final UUID logId = UUID.randomUUID();
        private final byte[] bytes;

        Bytes(int length) {
            bytes = new byte[length];
            new Random(length).nextBytes(bytes);
        }

        @Override
        public void dependOn(UUID journal) {}

        @Override
        public boolean holdBack(List<LogEntry> entries, int most) {
            return false;
        }

        @Override
        public int onlyHeldBack() {
            return bytes.length;
        }

        @Override
        public UUID logId() {
            return logId;
        }

        @Override
        public long durable() {
            return 77;
        }

        @Override
        public void copyHeldBack(ByteBuffer target) {
            target.put(bytes);
        }

        @Override
        public void durableElsewhere(long end) {}
    }

    @Test
    void shouldFillAFrameToItsEndAndNoFurther() throws IOException {
        try (Journals others = new Journals(disk, data.resolveSibling("other"), SMALL, LONG);
                Journal large = others.create()) {
            Bytes small = new Bytes(1000);
            Bytes rest = new Bytes(Journal.LONGEST_FRAME - Journal.FRAME_HEADER - 2 * Journal.PART_HEADER - 1000);
            assertThat(large.add(small)).isTrue();
            assertThat(large.add(new Bytes(rest.bytes.length + 1))).isFalse();
            assertThat(large.add(rest)).isTrue();
            assertThat(large.add(new Bytes(0))).isFalse();
            assertThat(large.lapIsOver()).isFalse();
            large.force();
            assertThat(large.lapIsOver()).isFalse(); // just about
            assertThat(large.add(small)).isTrue();
            large.force();
            assertThat(large.lapIsOver()).isTrue();
            large.seal();
            large.seal();
            assertThat(Path.of(large.toString())).hasSize(LONG);
            Path group = data.resolveSibling("other").resolve("g");
            HeldBack found = inJournal(group, small.logId, large.id());
            assertThat(found.parts()).hasSize(2).allSatisfy(part -> {
                assertThat(part.offset()).isEqualTo(77);
                assertThat(part.bytes()).isEqualTo(small.bytes);
            });
            assertThat(inJournal(group, rest.logId, large.id()).parts())
                    .singleElement()
                    .satisfies(part -> assertThat(part.bytes()).isEqualTo(rest.bytes));
        }
    }

    /** So that the seal of a lap stays within the file, whatever the last frame takes. */
    @Test
    void shouldKeepRoomForASealAfterTheLongestFrames() throws IOException {
        try (Journals others = new Journals(disk, data.resolveSibling("other"), SMALL, LONG);
                Journal large = others.create()) {
            for (int frame = 0; frame < 2; frame++) {
                assertThat(large.lapIsOver()).isFalse();
                assertThat(large.add(new Bytes(Journal.LONGEST_FRAME - Journal.FRAME_HEADER - Journal.PART_HEADER)))
                        .isTrue();
                large.force();
            }
            large.seal();
            assertThat(large.lapIsOver()).isTrue();
            assertThat(Path.of(large.toString())).hasSize(LONG);
            large.beginLap();
            assertThat(large.lapIsOver()).isFalse();
        }
    }

    @Test
    void shouldForgetTheFramesOfEarlierLaps() throws IOException {
        UUID logId = first.logId();
        threeFrames();
        settleAndBeginLap();
        assertThat(inJournal(data.resolve("g1"), logId, journal.id()).parts()).isEmpty();
        add(first, 20, 22);
        journal.force();
        HeldBack found = inJournal(data.resolve("g1"), logId, journal.id());
        assertThat(found.parts()).hasSize(1);
        assertThat(found.begin()).isEqualTo(Segment.HEADER + 19 * RECORD);
        settleAndBeginLap();
        settleAndBeginLap(); // a lap without a frame
        add(second, 20, 21);
        journal.force();
        add(second, 22, 22);
        journal.force(); // of the first lap, frame 2 is left
        die();
        assertHolds(data.resolve("g1"), batch(1, 22));
        assertHolds(data.resolve("g2"), batch(1, 22));
    }

    /** Also when no frame of the new lap has overwritten one of the old. */
    @Test
    void shouldOpenWhereverTheBeginningOfALapIsTorn() throws IOException {
        int last = 19;
        threeFrames();
        for (int lap = 2; lap <= 4; lap++) {
            byte[] before = Files.readAllBytes(journalIn(data));
            settleAndBeginLap();
            byte[] after = Files.readAllBytes(journalIn(data));
            long page = lap % Journal.PAGES * (long) Block.SIZE;
            assertThat(Arrays.mismatch(before, after)).isBetween((int) page, (int) page + Block.SIZE - 1);
            for (int cut : new int[] {0, 3, 4, 20, 30, 36, 40, 512, Block.SIZE}) {
                for (boolean reverse : new boolean[] {false, true}) {
                    Path left = data.resolveSibling("left");
                    disk.crash(data, left);
                    byte[] torn = reverse ? before.clone() : after.clone();
                    byte[] rest = reverse ? after : before;
                    System.arraycopy(rest, (int) page + cut, torn, (int) page + cut, Block.SIZE - cut);
                    Files.write(journalIn(left), torn);
                    assertHolds(left.resolve("g1"), batch(1, last));
                    assertHolds(left.resolve("g2"), batch(1, 19));
                    LogFixture.delete(left);
                }
            }
            add(first, last + 1, last + 2);
            journal.force();
            last += 2;
        }
    }

    @Test
    void shouldNotMissThePageOfTheLapBefore() throws IOException {
        threeFrames();
        settleAndBeginLap();
        add(first, 20, 22);
        journal.force();
        die();
        flip(journalIn(data), Block.SIZE + 30);
        assertHolds(data.resolve("g1"), batch(1, 22));
        assertHolds(data.resolve("g2"), batch(1, 19));
    }
}
