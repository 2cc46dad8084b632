package dev.handover.replication;

import static dev.handover.replication.TestCluster.LONG;
import static dev.handover.replication.TestCluster.bytes;
import static dev.handover.replication.TestCluster.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.NodeId;
import dev.handover.OverloadedException;
import dev.handover.ReplicaFaultedException;
import dev.handover.ReplicaId;
import dev.handover.Role;
import dev.handover.event.HaEvent;
import dev.handover.event.HaEvent.StorageFinding;
import dev.handover.replication.TestCluster.Running;
import dev.handover.replication.storage.FaultyDisk;
import dev.handover.replication.storage.FaultyDisk.Operation;
import dev.handover.replication.storage.StorageOptions;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whole nodes on disks that fail, hang or are full (R15): what happens, what an operator sees, and that nothing acknowledged is lost. */
@Timeout(120)
class DiskFaultsTest {
    private static final String EIO = "Input/output error";
    private static final String SEGMENTS = ".segment";

    @TempDir
    Path directory;

    private final TestCluster cluster = new TestCluster();
    private final List<CompletableFuture<byte[]>> answers = new ArrayList<>();
    private final List<String> sent = new ArrayList<>();

    @AfterEach
    void close() {
        cluster.disks.values().forEach(disk -> {
            disk.heal();
            disk.letGo();
        });
        cluster.close();
    }

    private List<Running> start(String... ids) throws Exception {
        return start(1 << 20, ids);
    }

    private List<Running> start(int segmentBytes, String... ids) throws Exception {
        cluster.onDisk = directory;
        cluster.faultyDisks =
                StorageOptions.defaults().withSegmentBytes(segmentBytes).withReserveBytes(0);
        return cluster.startInSync(ids);
    }

    private FaultyDisk disk(String id) {
        return cluster.disks.get(id);
    }

    private void submit(Running at, int count) {
        for (int i = 0; i < count; i++) {
            String command = "c" + sent.size();
            sent.add(command);
            answers.add(at.log().submit(bytes(command)));
        }
    }

    private void allAnswered() throws Exception {
        for (CompletableFuture<byte[]> answer : answers) {
            answer.get(20, TimeUnit.SECONDS);
        }
    }

    /** Everything that was sent was answered, and is there exactly once, in the same order everywhere. */
    private void everythingIsOn(Running... nodes) throws Exception {
        allAnswered();
        for (Running node : nodes) {
            node.log().query(bytes("")).get(20, TimeUnit.SECONDS);
            assertThat(List.copyOf(node.journal().commands)).containsExactlyInAnyOrderElementsOf(sent);
            assertThat(List.copyOf(node.journal().commands)).isEqualTo(List.copyOf(nodes[0].journal().commands));
        }
    }

    private static String fault(Running node) throws InterruptedException {
        TestCluster.await(
                "the replica stops itself",
                () -> node.log().status().role() == Role.FAULTED
                        && !faults(node).isEmpty());
        assertThat(faults(node)).hasSize(1);
        return faults(node).get(0);
    }

    private static List<String> faults(Running node) {
        return node.events().stream()
                .filter(HaEvent.ReplicaFaulted.class::isInstance)
                .map(event -> ((HaEvent.ReplicaFaulted) event).reason())
                .toList();
    }

    private static List<String> found(Running node, StorageFinding finding) {
        return node.events().stream()
                .filter(HaEvent.Storage.class::isInstance)
                .map(HaEvent.Storage.class::cast)
                .filter(event -> event.finding() == finding)
                .map(HaEvent.Storage::detail)
                .toList();
    }

    private static List<ReplicaId> inSync(Running node) {
        return node.log().status().configuration().inSync();
    }

    private static void leads(Running node) throws InterruptedException {
        TestCluster.await(
                node.log().status().self() + " leads", () -> node.log().status().role() == Role.LEADER);
    }

    /** The faulted one is restarted when its disk is sound again: its log verifies, and it is the same replica as before. */
    private Running restart(String id) throws Exception {
        ReplicaId before = cluster.running.get(id).log().status().self();
        disk(id).heal();
        cluster.running.remove(id).node().close();
        Running again = cluster.start(id);
        again.log().awaitInSync(LONG).get(30, TimeUnit.SECONDS);
        assertThat(again.log().status().self()).isEqualTo(before);
        assertThat(found(again, StorageFinding.LOG_DAMAGED)).isEmpty();
        return again;
    }

    private void shouldHandOver(Operation operation, String doing) throws Exception {
        List<Running> both = start("a", "b");
        Running a = both.get(0);
        Running b = both.get(1);
        submit(b, 200);
        disk("a").fail(SEGMENTS, EIO, operation);
        submit(b, 200);
        assertThat(fault(a))
                .startsWith("Disk failed: ")
                .contains(doing, directory.resolve("a/g/log") + "/", SEGMENTS + " failed: " + EIO)
                .contains("Check the disk, then restart this node; its log is verified on start");
        leads(b);
        submit(b, 200);
        allAnswered();
        disk("a").heal(); // the next force would succeed, though what the first one lost is not on the disk
        submit(b, 50);
        assertThatThrownBy(() -> a.log().submit(bytes("no")).get(10, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOf(ReplicaFaultedException.class)
                .hasMessageContaining("Disk failed: ");
        allAnswered();
        assertThat(inSync(b)).containsExactly(b.log().status().self());
        assertThat(disk("a").failed()).isEqualTo(1); // nothing was tried again
        everythingIsOn(restart("a"), b);
    }

    @Test
    void shouldHandOverWhenAWriteOfTheLeaderFails() throws Exception {
        shouldHandOver(Operation.WRITE, "writing ");
    }

    @Test
    void shouldHandOverAndAcknowledgeNothingMoreWhenAForceOfTheLeaderFails() throws Exception {
        shouldHandOver(Operation.FORCE, "forcing ");
    }

    private void shouldGoOnWithoutTheFollower(Operation operation) throws Exception {
        List<Running> both = start("a", "b");
        Running a = both.get(0);
        Running b = both.get(1);
        submit(a, 200);
        disk("b").fail(SEGMENTS, EIO, operation);
        submit(a, 200);
        assertThat(fault(b)).contains("Disk failed: ", SEGMENTS, EIO, "then restart this node");
        allAnswered();
        assertThat(inSync(a)).containsExactly(a.log().status().self());
        assertThat(a.journal().leadership).hasSize(1);
        submit(a, 50);
        everythingIsOn(a, restart("b"));
        assertThat(b.journal().leadership).isEmpty();
    }

    @Test
    void shouldGoOnWithoutAFollowerWhoseWriteFails() throws Exception {
        shouldGoOnWithoutTheFollower(Operation.WRITE);
    }

    @Test
    void shouldGoOnWithoutAFollowerWhoseForceFails() throws Exception {
        shouldGoOnWithoutTheFollower(Operation.FORCE);
    }

    @Test
    void shouldStopWhenTheStateCannotBeForced() throws Exception {
        List<Running> both = start("a", "b");
        Running b = both.get(1);
        submit(b, 10);
        allAnswered();
        disk("b").fail("/log/state", EIO, Operation.FORCE);
        cluster.crash("a"); // b takes over, and must not lead an epoch that it may forget (R2)
        assertThat(fault(b)).contains("Disk failed: forcing ", "/log/state failed: " + EIO);
        assertThat(b.journal().leadership).isEmpty();
        Running again = restart("b");
        leads(again);
        assertThat(text(again.log().query(bytes("")).get(10, TimeUnit.SECONDS))).isEqualTo("10");
    }

    @Test
    void shouldCutATornWriteAndSayHowMuch() throws Exception {
        List<Running> both = start("a", "b");
        Running a = both.get(0);
        submit(a, 20);
        allAnswered();
        disk("b").tearNextWrite();
        answers.add(a.log().submit(bytes("x".repeat(10_000))));
        assertThat(fault(both.get(1))).contains("Disk failed: writing ", EIO);
        answers.get(20).get(10, TimeUnit.SECONDS);
        Running b = restart("b");
        assertThat(found(b, StorageFinding.TAIL_CUT)).singleElement().satisfies(detail -> assertThat(detail)
                .containsPattern("^[45][0-9]{3} bytes behind entry [0-9]+ were cut off: .*segment, byte [0-9]+\\. ")
                .contains("nothing of it was acknowledged"));
        assertThat(text(b.log().query(bytes("")).get(10, TimeUnit.SECONDS))).isEqualTo("21");
    }

    /** On a's log; the first refusal, or null if there was none. */
    private static Throwable fill(Running a, int commands) throws Exception {
        for (int i = 0; i < commands; i++) {
            try {
                a.log().submit(new byte[20_000]).get(20, TimeUnit.SECONDS);
            } catch (ExecutionException e) {
                return e.getCause();
            }
        }
        return null;
    }

    @Test
    void shouldGiveTheLeadershipToAFollowerThatHasRoomWhenTheLeadersDiskIsFull() throws Exception {
        List<Running> all = start(1 << 18, "a", "b", "c");
        Running a = all.get(0);
        Running b = all.get(1);
        Running c = all.get(2);
        disk("b").room(1000); // as full as a, and no help
        disk("a").room(1000);
        assertThat(fill(a, 200)).isInstanceOf(OverloadedException.class);
        leads(c);
        assertThat(c.log().status().configuration().reason()).endsWith("the own disk has no room");
        assertThat(found(a, StorageFinding.NO_ROOM).get(0)).contains("no more commands are taken", "bytes free");
        TestCluster.await(
                "b says so, too", () -> !found(b, StorageFinding.NO_ROOM).isEmpty());
        assertThat(found(b, StorageFinding.NO_ROOM).get(0))
                .contains("does not lead, and stops when what is left of its log's files is full", "bytes free");
        int before = Integer.parseInt(text(c.log().query(bytes("")).get(10, TimeUnit.SECONDS)));
        assertThat(fill(c, 40)).as("commands are taken again").isNull();
        assertThat(fault(a)).contains("Disk failed: ", "do not fit; free space, or move");
        disk("a").room(Long.MAX_VALUE);
        disk("b").room(Long.MAX_VALUE);
        for (Running each : List.of(restart("a"), restart("b"), c)) {
            assertThat(text(each.log().query(bytes("")).get(10, TimeUnit.SECONDS)))
                    .isEqualTo(String.valueOf(before + 40));
        }
    }

    @Test
    void shouldRefuseCommandsWhileTheLeadersDiskIsFullAndGoOnByItself() throws Exception {
        List<Running> both = start(1 << 18, "a", "b");
        Running a = both.get(0);
        disk("b").room(1000); // nobody else has room
        disk("a").room(1000);
        assertThat(fill(a, 200))
                .isInstanceOf(OverloadedException.class)
                .hasMessageContaining("the disk is nearly full; the command was not applied")
                .hasMessageContaining("bytes free")
                .hasMessageContaining("free space, and it goes on by itself");
        TestCluster.await("the event", () -> !found(a, StorageFinding.NO_ROOM).isEmpty());
        assertThat(found(a, StorageFinding.NO_ROOM).get(0))
                .contains("no more commands are taken", "bytes free", directory.toString());
        int before = Integer.parseInt(text(a.log().query(bytes("")).get(10, TimeUnit.SECONDS)));
        TestCluster.await(
                "b's event", () -> !found(both.get(1), StorageFinding.NO_ROOM).isEmpty());
        for (long begun = System.nanoTime(); System.nanoTime() - begun < 1_500_000_000L; ) { // three failure time-outs
            assertThat(text(a.log().query(bytes("")).get(10, TimeUnit.SECONDS))).isEqualTo(String.valueOf(before));
        }
        assertThat(a.journal().leadership).hasSize(1);
        assertThat(a.log().status().role()).isEqualTo(Role.LEADER);
        assertThat(inSync(a)).hasSize(2);

        disk("a").room(Long.MAX_VALUE);
        disk("b").room(Long.MAX_VALUE);
        TestCluster.await("room again", () -> {
            CompletableFuture<byte[]> answer = a.log().submit(bytes("again"));
            return answer.handle((ok, failure) -> failure == null).join();
        });
        TestCluster.await(
                "the event", () -> !found(a, StorageFinding.ROOM_AGAIN).isEmpty());
        assertThat(text(a.log().query(bytes("")).get(10, TimeUnit.SECONDS))).isEqualTo(String.valueOf(before + 1));
    }

    @Test
    void shouldGoOnWithoutAFollowerWhoseDiskIsFullUntilItIsRestartedWithRoom() throws Exception {
        List<Running> both = start(1 << 18, "a", "b");
        Running a = both.get(0);
        disk("b").room(1000);
        for (int i = 0; i < 40; i++) {
            a.log().submit(new byte[20_000]).get(20, TimeUnit.SECONDS);
        }
        assertThat(fault(both.get(1))).contains("Disk failed: ", "bytes free", "do not fit; free space");
        disk("b").room(Long.MAX_VALUE);
        Running b = restart("b");
        assertThat(text(b.log().query(bytes("")).get(10, TimeUnit.SECONDS))).isEqualTo("40");
    }

    @Test
    void shouldEvictAFollowerWhoseDiskHangsAndTakeItBack() throws Exception {
        List<Running> both = start("a", "b");
        Running a = both.get(0);
        Running b = both.get(1);
        submit(a, 10);
        allAnswered();
        disk("b").stall(Operation.FORCE);
        long begun = System.nanoTime();
        submit(a, 10);
        allAnswered();
        assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(10));
        assertThat(disk("b").waiting()).isPositive();
        assertThat(inSync(a)).containsExactly(a.log().status().self());
        assertThat(a.log().status().configuration().reason()).contains("b");
        submit(a, 10);
        disk("b").letGo();
        b.log().awaitInSync(LONG).get(30, TimeUnit.SECONDS);
        everythingIsOn(a, b);
        assertThat(faults(b)).isEmpty();
    }

    @Test
    void shouldGiveTheLeadershipAwayWhenTheLeadersDiskHangs() throws Exception {
        List<Running> both = start("a", "b");
        Running a = both.get(0);
        Running b = both.get(1);
        submit(b, 10);
        allAnswered();
        disk("a").stall(Operation.FORCE, Operation.WRITE);
        submit(b, 10);
        leads(b);
        allAnswered();
        assertThat(disk("a").waiting()).isPositive();
        assertThat(inSync(b)).containsExactly(b.log().status().self()); // it was the sick one, and is out
        assertThat(a.log().status().role()).isNotEqualTo(Role.LEADER);
        submit(b, 10);
        disk("a").letGo();
        a.log().awaitInSync(LONG).get(30, TimeUnit.SECONDS);
        everythingIsOn(a, b);
        assertThat(faults(a)).isEmpty();
        assertThat(found(a, StorageFinding.LOG_DAMAGED)).isEmpty();
    }

    @Test
    void shouldNotStartOnADiskThatCannotBeReadAndStartWhenItCan() throws Exception {
        Running a = start("a").get(0);
        submit(a, 10);
        allAnswered();
        ReplicaId before = a.log().status().self();
        cluster.crash("a");
        disk("a").fail(SEGMENTS, EIO, Operation.READ);
        assertThatThrownBy(() -> cluster.start("a"))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContainingAll("[g a] cannot open the log in ", SEGMENTS, "cannot be read: " + EIO)
                .hasMessageContaining("Check the disk; if it stays so, start with an empty directory on a sound one");
        disk("a").heal();
        Running again = cluster.start("a");
        again.log().awaitInSync(LONG).get(30, TimeUnit.SECONDS);
        assertThat(again.log().status().self()).isEqualTo(before); // that was no damage
        everythingIsOn(again);
    }

    @Test
    void shouldStopWhenWhatAnotherReplicaNeedsCannotBeRead() throws Exception {
        Running a = start("a").get(0);
        for (int i = 0; i < 20; i++) {
            a.log().submit(new byte[50_000]).get(10, TimeUnit.SECONDS);
        }
        cluster.crash("a"); // so that nothing of it is in memory
        a = cluster.start("a");
        a.log().awaitInSync(LONG).get(30, TimeUnit.SECONDS);
        disk("a").fail(SEGMENTS, EIO, Operation.READ);
        cluster.start("b");
        assertThat(fault(a)).contains("Disk failed: ", "cannot be read: " + EIO, "Check the disk");
        cluster.running.remove("a").node().close();
        disk("a").heal();
        a = cluster.start("a");
        Running b = cluster.running.get("b");
        b.log().awaitInSync(LONG).get(30, TimeUnit.SECONDS);
        assertThat(text(b.log().query(bytes("")).get(10, TimeUnit.SECONDS))).isEqualTo("20");
        assertThat(a.log().status().leader()).isEqualTo(NodeId.of("a"));
    }
}
