package dev.handover.replication;

import static dev.handover.replication.TestCluster.LONG;
import static dev.handover.replication.TestCluster.await;
import static dev.handover.replication.TestCluster.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.Role;
import dev.handover.event.HaEvent;
import dev.handover.event.HaEvent.SnapshotStep;
import dev.handover.replication.TestCluster.Running;
import dev.handover.replication.storage.FaultyDisk;
import dev.handover.replication.storage.FaultyDisk.Operation;
import dev.handover.replication.storage.StorageOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whole nodes whose disk fails under a snapshot: that snapshot is lost, the log and its replica go on, and an operator sees which file and why. */
@Timeout(120)
class SnapshotFaultsTest {
    private static final String EIO = "Input/output error";

    @TempDir
    Path directory;

    private final TestCluster cluster = new TestCluster();

    @AfterEach
    void close() {
        cluster.disks.values().forEach(FaultyDisk::heal);
        cluster.close();
    }

    private Running start(String... ids) throws Exception {
        cluster.onDisk = directory;
        cluster.machines = SnapshotClusterTest.CopyingJournal::new;
        cluster.faultyDisks =
                StorageOptions.defaults().withSegmentBytes(64 << 10).withReserveBytes(0);
        cluster.settings = builder -> builder.snapshotBytes(1L << 30).snapshotMarginEntries(0);
        return cluster.startInSync(ids).get(0);
    }

    private static void submit(Running at, int count) throws Exception {
        for (int i = 0; i < count; i++) {
            at.log().submit(bytes(i + "x".repeat(2000))).get(20, TimeUnit.SECONDS);
        }
    }

    private static List<String> details(Running of, SnapshotStep step) {
        return of.events().stream()
                .filter(HaEvent.Snapshot.class::isInstance)
                .map(HaEvent.Snapshot.class::cast)
                .filter(event -> event.step() == step)
                .map(HaEvent.Snapshot::detail)
                .toList();
    }

    private static String detail(Running of, SnapshotStep step) throws InterruptedException {
        await(String.valueOf(step), () -> !details(of, step).isEmpty());
        return details(of, step).get(0);
    }

    private List<String> snapshotFiles(String id) throws IOException {
        try (Stream<Path> all = Files.list(directory.resolve(id).resolve("g/log/snapshots"))) {
            return all.map(path -> path.getFileName().toString()).toList();
        }
    }

    // ---- taken

    private void shouldLoseOnlyTheSnapshot(String where, Operation operation, String... message) throws Exception {
        Running a = start("a");
        submit(a, 60);
        cluster.disks.get("a").fail(where, EIO, operation);
        assertThatThrownBy(() -> a.log().snapshot().get(20, TimeUnit.SECONDS))
                .cause()
                .hasMessageContainingAll(message)
                .hasMessageContaining(EIO);
        assertThat(detail(a, SnapshotStep.TAKING_FAILED))
                .contains(message)
                .contains(EIO + ". The log is kept, and the next one is tried after as much log or time as usual");
        assertThat(snapshotFiles("a")).as("nothing is left of it").isEmpty();
        submit(a, 60);
        assertThat(a.log().status().role()).isEqualTo(Role.LEADER);

        cluster.disks.get("a").heal();
        a.log().snapshot().get(20, TimeUnit.SECONDS);
        assertThat(snapshotFiles("a")).singleElement().asString().endsWith(".snapshot");
        submit(a, 5);
        List<String> all = List.copyOf(a.journal().commands);
        cluster.crash("a");
        Running again = cluster.startInSync("a").get(0);
        assertThat(again.journal().commands).isEqualTo(all);
        assertThat(((SnapshotClusterTest.CopyingJournal) again.journal()).restored.get())
                .isEqualTo(1);
    }

    @Test
    void shouldLoseOnlyTheSnapshotWhenItCannotBeWritten() throws Exception {
        shouldLoseOnlyTheSnapshot(".taking", Operation.WRITE, "writing ", ".taking failed: ");
    }

    @Test
    void shouldLoseOnlyTheSnapshotWhenItCannotBeForced() throws Exception {
        shouldLoseOnlyTheSnapshot(".taking", Operation.FORCE, "forcing ", ".taking failed: ");
    }

    @Test
    void shouldLoseOnlyTheSnapshotWhenItCannotBeRenamed() throws Exception {
        shouldLoseOnlyTheSnapshot(".snapshot", Operation.RENAME, "renaming to ", ".snapshot ", ".taking failed: ");
    }

    @Test
    void shouldLoseOnlyTheSnapshotWhenItsNameCannotBeForced() throws Exception {
        shouldLoseOnlyTheSnapshot("/snapshots", Operation.FORCE, "forcing the directory ", "/snapshots failed: ");
    }

    // ---- installed

    /** a has snapshots, and its log begins behind what b, which is down, has. */
    private Running farAhead() throws Exception {
        Running a = start("a", "b");
        submit(a, 5);
        cluster.running.remove("b").node().close();
        for (int round = 0; round < 3; round++) {
            submit(a, 80);
            a.log().snapshot().get(20, TimeUnit.SECONDS);
        }
        await("the log begins later", () -> {
            try (Stream<Path> all = Files.list(directory.resolve("a/g/log"))) {
                return all.noneMatch(path -> path.endsWith("0000000000000000.segment"));
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        });
        return a;
    }

    private void isRebuilt(Running a) throws Exception {
        Running b = cluster.running.get("b");
        b.log().awaitInSync(LONG).get(30, TimeUnit.SECONDS);
        await("everything is there", () -> b.journal().commands.equals(a.journal().commands));
        assertThat(details(b, SnapshotStep.INSTALLED)).hasSize(1);
        assertThat(b.events()).noneMatch(HaEvent.ReplicaFaulted.class::isInstance);
        assertThat(snapshotFiles("b")).noneMatch(name -> name.endsWith(".receiving"));
    }

    private void shouldBeSentAgain(String where, Operation operation, String... message) throws Exception {
        Running a = farAhead();
        cluster.disks.get("b").fail(where, EIO, operation);
        Running b = cluster.start("b");
        assertThat(detail(b, SnapshotStep.RECEIVING_FAILED))
                .startsWith("from a/")
                .contains(message)
                .contains(EIO);
        assertThat(detail(a, SnapshotStep.SENDING_FAILED))
                .startsWith("to b/")
                .contains("cannot write it (see the log of that node)");
        submit(a, 20);
        assertThat(b.log().status().role()).isEqualTo(Role.LEARNER);
        assertThat(a.log().status().configuration().inSync()).hasSize(1);
        cluster.disks.get("b").heal();
        isRebuilt(a);
    }

    @Test
    void shouldSendASnapshotAgainThatCouldNotBeWritten() throws Exception {
        shouldBeSentAgain(".receiving", Operation.WRITE, "writing ", ".receiving failed: ");
    }

    @Test
    void shouldSendASnapshotAgainThatCouldNotBeForced() throws Exception {
        shouldBeSentAgain(".receiving", Operation.FORCE, "forcing ", ".receiving failed: ");
    }

    @Test
    void shouldSendASnapshotAgainThatCouldNotBeRenamed() throws Exception {
        shouldBeSentAgain(".snapshot", Operation.RENAME, "renaming to ", ".receiving failed: ");
    }

    @Test
    void shouldTellThatASnapshotCannotBeReadForWhoNeedsItAndLeadOn() throws Exception {
        Running a = farAhead();
        cluster.disks.get("a").fail(".snapshot", EIO, Operation.READ);
        cluster.start("b");
        assertThat(detail(a, SnapshotStep.SENDING_FAILED))
                .startsWith("to b/")
                .contains(".snapshot, from byte ", "cannot be read: " + EIO, "Check the disk");
        submit(a, 20);
        assertThat(a.log().status().role()).isEqualTo(Role.LEADER);
        cluster.disks.get("a").heal();
        isRebuilt(a);
    }
}
