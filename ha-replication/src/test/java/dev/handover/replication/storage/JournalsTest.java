package dev.handover.replication.storage;

import static dev.handover.replication.storage.LogFixture.SMALL;
import static dev.handover.replication.storage.LogFixture.flip;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The files of journals: made, kept and removed. */
@Timeout(120)
class JournalsTest extends JournalFixture {
    @Test
    void shouldRemoveJournalsThatNobodyDependsOn() throws IOException {
        threeFrames();
        first.seal();
        die();
        Path needed = journalIn(data);
        try (Journals later = new Journals(disk, data, SMALL, SHORT);
                Journal next = later.create()) {
            assertThat(next.id()).isNotEqualTo(journal.id());
            assertThat(journalFiles(data)).containsExactlyInAnyOrder(needed, Path.of(next.toString()));
        }
        Files.createDirectory(data.resolve("empty"));
        Files.writeString(data.resolve("notes.txt"), "no group");
        Path unopened;
        try (Journals later = new Journals(disk, data, SMALL, SHORT);
                Journal next = later.create()) {
            unopened = Path.of(next.toString());
            assertThat(journalFiles(data)).containsExactlyInAnyOrder(needed, unopened);
        }
        assertHolds(data.resolve("g2"), batch(1, 19));
        try (Journals later = new Journals(disk, data, SMALL, SHORT);
                Journal next = later.create()) {
            assertThat(journalFiles(data)).containsExactly(Path.of(next.toString()));
            next.delete();
            assertThat(journalFiles(data)).isEmpty();
        }
        assertHolds(data.resolve("g1"), batch(1, 19));
        assertHolds(data.resolve("g2"), batch(1, 19));
    }

    @Test
    void shouldKeepAllJournalsWhileTheStateOfALogIsUnreadable() throws IOException {
        first.seal();
        die();
        for (int slot = 0; slot < 4; slot++) {
            flip(data.resolve("g2/log/state"), slot * 4096L + 44);
        }
        try (Journals later = new Journals(disk, data, SMALL, SHORT);
                Journal next = later.create()) {
            assertThat(journalFiles(data))
                    .containsExactlyInAnyOrder(Path.of(journal.toString()), Path.of(next.toString()));
        }
    }

    @Test
    void shouldRefuseJournalsOfTwoOwners() throws IOException {
        Map<Path, Integer> before = contents(data.resolve(Journals.DIRECTORY));
        Journals intruder = new Journals(disk, data, SMALL, SHORT);
        assertThatThrownBy(intruder::create)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("open in this process");
        intruder.close();
        assertThat(contents(data.resolve(Journals.DIRECTORY))).isEqualTo(before);
        assertThat(journals.create().id()).isNotEqualTo(journal.id()); // its owner may make another one
        die();
        try (Journals later = new Journals(disk, data, SMALL, SHORT)) {
            assertThat(Path.of(later.create().toString())).exists();
        }
    }

    @Test
    void shouldRefuseToMakeAJournalWithoutRoom() throws IOException {
        Path other = data.resolveSibling("other");
        FaultyDisk full = new FaultyDisk();
        StorageOptions options = SMALL.withReserveBytes(1000);
        full.room(SHORT + 999);
        try (Journals others = new Journals(full, other, options, SHORT)) {
            assertThatThrownBy(others::create)
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining(SHORT + 999 + " bytes free")
                    .hasMessageContaining("a journal of " + SHORT)
                    .hasMessageContaining("reserve of 1000");
            assertThat(journalFiles(other)).isEmpty();
            full.room(SHORT + 1000);
            others.create().close();
            assertThat(journalFiles(other)).hasSize(1);
        }
    }

    @Test
    void shouldLeaveNoFileBehindWhenAJournalCannotBeMade() throws IOException {
        Path other = data.resolveSibling("other");
        for (FaultyDisk.Operation operation : List.of(FaultyDisk.Operation.WRITE, FaultyDisk.Operation.FORCE)) {
            FaultyDisk faulty = new FaultyDisk();
            faulty.fail(".journal", "Input/output error", operation);
            try (Journals others = new Journals(faulty, other, SMALL, SHORT)) {
                assertThatThrownBy(others::create)
                        .isInstanceOf(IOException.class)
                        .hasMessageContaining("Input/output error");
                assertThat(journalFiles(other)).isEmpty();
                faulty.heal();
                others.create().delete();
            }
        }
    }

    @Test
    void shouldMakeNoJournalOnceClosed() throws IOException {
        Path other = data.resolveSibling("other");
        Journals others = new Journals(disk, other, SMALL, SHORT);
        others.create().delete();
        others.close();
        others.close();
        assertThatThrownBy(others::create).isInstanceOf(IOException.class).hasMessageContaining("closed");
        assertThat(journalFiles(other)).isEmpty();
    }
}
