package dev.handover.replication.storage;

import static dev.handover.replication.storage.LogFixture.SMALL;
import static dev.handover.replication.storage.LogFixture.assertSame;
import static dev.handover.replication.storage.LogFixture.copy;
import static dev.handover.replication.storage.LogFixture.flip;
import static dev.handover.replication.storage.LogFixture.readAll;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Journals that are torn, rotten, or missing. */
@Timeout(120)
class JournalDamageTest extends JournalFixture {
    @Test
    void shouldFindDamageWhenThePageOfALapWithFramesIsLost() throws IOException {
        threeFrames();
        byte[] before = Files.readAllBytes(journalIn(data));
        settleAndBeginLap();
        add(first, 20, 22);
        journal.force();
        die();
        change(journalIn(data), 0, Block.SIZE, before); // lap 2 is said in page 0
        assertDamaged(
                data.resolve("g1"),
                "the journal " + journalIn(data),
                "whose frame 0 of lap 1 at byte " + frame(0),
                "frame 0 of lap 2 at byte " + frame(0));
    }

    @Test
    void shouldFindDamageInEachFrameButTheLast() throws IOException {
        SegmentedLog third = dependent("g3");
        third.seal();
        third.close();
        threeFrames();
        die();
        int header = Journal.FRAME_HEADER;
        int part = Journal.PART_HEADER;
        for (int number = 0; number < 2; number++) {
            for (int at : new int[] {0, 5, 9, 14, 20, 39, 47, 50, 60, header, header + 20, header + part + 500}) {
                Path copy = copyOf("flip" + number + "-" + at);
                flip(journalIn(copy), frame(number) + at);
                for (String group : List.of("g1", "g2")) {
                    assertDamaged(
                            copy.resolve(group),
                            "the journal " + journalIn(copy),
                            "frame " + number + " of lap 1 at byte " + frame(number) + " does not verify",
                            "frame " + (number + 1) + " of lap 1 at byte " + frame(number + 1));
                }
                assertHolds(copy.resolve("g3"), batch(1, 10));
                LogFixture.delete(copy);
            }
        }
    }

    @Test
    void shouldFindDamageInTheLastFrameOnceTheJournalWasSealed() throws IOException {
        threeFrames();
        first.close();
        second.close();
        Path unsealed = copyOf("unsealed");
        journal.seal();
        journal.seal();
        die();
        for (int at : new int[] {5, 44, Journal.FRAME_HEADER + 500}) {
            Path copy = unsealed.resolveSibling("unsealed" + at);
            copy(unsealed, copy);
            flip(journalIn(copy), frame(2) + at);
            assertHolds(copy.resolve("g1"), batch(1, 16)); // the known limit: it looks torn
            assertHolds(copy.resolve("g2"), batch(1, 13));

            Path sealed = copyOf("sealed" + at);
            flip(journalIn(sealed), frame(2) + at);
            for (String group : List.of("g1", "g2")) {
                assertDamaged(
                        sealed.resolve(group),
                        "the journal " + journalIn(sealed),
                        "frame 2 of lap 1 at byte " + frame(2),
                        "frame 3 of lap 1 at byte " + frame(3));
            }
        }
        flip(journalIn(data), frame(3) + 7); // the seal itself
        assertHolds(data.resolve("g1"), batch(1, 19));
    }

    @Test
    void shouldFindDamageWhenTheJournalIsMissingShorterOrAnotherOne() throws IOException {
        threeFrames();
        settleAndBeginLap();
        add(first, 20, 20);
        journal.force();
        die();

        Path pages = copyOf("pages");
        flip(journalIn(pages), 20);
        flip(journalIn(pages), Block.SIZE + 20);
        assertDamaged(pages.resolve("g1"), "the journal " + journalIn(pages), "first pages do not verify");

        Path missing = copyOf("missing");
        Files.delete(journalIn(missing));
        assertDamaged(missing.resolve("g1"), "the journal " + journalIn(missing), "is missing");
        assertDamaged(missing.resolve("g2"), "the journal " + journalIn(missing), "is missing");

        Path alone = data.resolveSibling("alone");
        copy(data.resolve("g1"), alone.resolve("g1"));
        assertDamaged(alone.resolve("g1"), "the journal " + journalIn(alone), "is missing", "with its journals");

        for (long length : new long[] {0, Block.SIZE, Block.SIZE + 100, Journal.BEGIN, frame(0) + 20, SHORT - 1}) {
            Path shorter = copyOf("shorter" + length);
            try (RandomAccessFile file = new RandomAccessFile(journalIn(shorter).toFile(), "rw")) {
                file.setLength(length);
            }
            assertDamaged(shorter.resolve("g1"), "the journal " + journalIn(shorter));
        }

        Path other = copyOf("other");
        try (Journals others = new Journals(Disk.REAL, other, SMALL, SHORT);
                Journal another = others.create()) {
            Files.copy(Path.of(another.toString()), data.resolveSibling("another"));
        }
        Files.delete(journalIn(other));
        Files.move(data.resolveSibling("another"), journalIn(other));
        assertDamaged(other.resolve("g1"), "the journal " + journalIn(other), "says that it is ");
    }

    @Test
    void shouldHoldWhatWasBeforeWhereverTheLastFrameIsTorn() throws IOException {
        add(first, 11, 13);
        add(second, 11, 13);
        journal.force();
        byte[] before = Files.readAllBytes(journalIn(data));
        add(first, 14, 30);
        add(second, 14, 30);
        journal.force();
        die();
        byte[] after = Files.readAllBytes(journalIn(data));
        int begin = (int) frame(1);
        int end = (int) frame(4); // three blocks
        assertThat(Arrays.copyOfRange(after, end, after.length)).containsOnly(0);
        for (int cut = begin; cut < end - Block.SIZE / 2; cut += 509) {
            for (boolean reverse : new boolean[] {false, true}) { // what arrives first is open
                Path copy = copyOf("torn" + cut + reverse);
                byte[] torn = reverse ? after.clone() : before.clone();
                System.arraycopy(reverse ? before : after, begin, torn, begin, cut - begin);
                Files.write(journalIn(copy), torn);
                int last = Arrays.equals(torn, after) ? 30 : 13;
                assertHolds(copy.resolve("g1"), batch(1, last));
                assertHolds(copy.resolve("g2"), batch(1, last));
                LogFixture.delete(copy);
            }
        }
    }

    @Test
    void shouldHoldWhatWasBeforeWhenAWriteOfTheJournalFails() throws IOException {
        FaultyDisk faulty = new FaultyDisk();
        Path other = data.resolveSibling("other");
        try (Journals others = new Journals(faulty, other, SMALL, SHORT);
                Journal failing = others.create();
                SegmentedLog log = open(other.resolve("g1"))) {
            log.append(batch(1, 10));
            log.dependOn(failing.id());
            assertThat(log.holdBack(batch(11, 15), HELD_BACK)).isTrue();
            assertThat(failing.add(log)).isTrue();
            failing.force();
            assertThat(log.holdBack(batch(16, 35), HELD_BACK)).isTrue();
            assertThat(failing.add(log)).isTrue();
            faulty.tearNextWrite();
            assertThatThrownBy(failing::force).isInstanceOf(IOException.class);
            assertThat(log.onlyHeldBack()).isEqualTo(20 * RECORD); // is not taken for durable
        }
        assertHolds(other.resolve("g1"), batch(1, 15));
    }

    @Test
    void shouldShowEverythingOrSayThatItIsDamagedWhicheverBitOfTheJournalRots() throws IOException {
        add(first, 11, 13);
        journal.force();
        threeFramesFrom14();
        journal.seal();
        die();
        int damaged = 0;
        int whole = 0;
        for (int position = 0; position < frame(5); position += 37) {
            Path copy = copyOf("rotten");
            flip(journalIn(copy), position);
            for (String group : List.of("g1", "g2")) {
                try (SegmentedLog log = open(copy.resolve(group))) {
                    if (log.damage().isPresent()) {
                        assertThat(log.damage().get()).contains(journalIn(copy).toString());
                        damaged++;
                    } else {
                        assertThat(log.recovered().lastIndex())
                                .as("byte %d, %s", position, group)
                                .isEqualTo(20);
                        assertSame(readAll(log, 20), batch(1, 20));
                        whole++;
                    }
                }
            }
            LogFixture.delete(copy);
        }
        assertThat(damaged).isGreaterThan(100);
        assertThat(whole).isGreaterThan(100);
    }

    private void threeFramesFrom14() throws IOException {
        add(second, 11, 15);
        journal.force();
        add(first, 14, 17);
        add(second, 16, 17);
        journal.force();
        add(first, 18, 20);
        add(second, 18, 20);
        journal.force();
    }
}
