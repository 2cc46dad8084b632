package dev.handover.replication;

import static dev.handover.replication.TestCluster.bytes;
import static dev.handover.replication.TestCluster.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.ReplicaFaultedException;
import dev.handover.replication.protocol.LogEntry;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Many logs that are forced in one round: what is proposed meanwhile gathers, and is neither lost nor forgotten. */
@Timeout(60)
class RoundsTest {
    private static final NodeId NODE = NodeId.of("a");
    private static final int GROUPS = DiskWriter.MANY + 1;
    private static final int COMMANDS = 20;

    private final TestCluster cluster = new TestCluster();
    private final List<TestCluster.Journal> journals = new ArrayList<>();
    private final List<ReplicatedLog> logs = new ArrayList<>();
    private final List<CountDownLatch> held = new ArrayList<>();
    private HaNode node;

    @BeforeEach
    void start() throws Exception {
        node = cluster.node(NODE.value());
        for (int i = 0; i < GROUPS; i++) {
            TestCluster.Journal journal = new TestCluster.Journal();
            journals.add(journal);
            logs.add(node.join(group(i), journal));
        }
        for (ReplicatedLog log : logs) {
            log.submit(bytes("first")).get(30, TimeUnit.SECONDS); // opens the session
        }
    }

    @AfterEach
    void close() {
        held.forEach(CountDownLatch::countDown);
        node.close();
        cluster.close();
    }

    private static GroupId group(int i) {
        return GroupId.of("g" + i);
    }

    /** All groups but the first are in one round, which does not end before their latches are counted down. */
    private List<CompletableFuture<byte[]>> holdARound() throws InterruptedException {
        List<CompletableFuture<byte[]>> answers = new ArrayList<>();
        for (int i = 0; i < GROUPS; i++) {
            held.add(cluster.logs.holdForce(group(i), NODE));
        }
        answers.add(logs.get(0).submit(bytes("round")));
        TestCluster.await("the disk is busy with the first", () -> cluster.logs.isForcing(group(0), NODE));
        for (int i = 1; i < GROUPS; i++) {
            long before = logs.get(i).status().lastIndex();
            ReplicatedLog log = logs.get(i);
            answers.add(log.submit(bytes("round")));
            TestCluster.await(
                    "group " + i + " waits for the disk", () -> log.status().lastIndex() > before);
        }
        held.get(0).countDown();
        for (int i = 1; i < GROUPS; i++) {
            GroupId group = group(i);
            TestCluster.await("the round", () -> cluster.logs.isForcing(group, NODE));
        }
        return answers;
    }

    /** One by one, each taken in by the loop before the next is there. */
    private List<CompletableFuture<byte[]>> submitOneByOne(ReplicatedLog log) throws Exception {
        List<CompletableFuture<byte[]>> answers = new ArrayList<>();
        for (int c = 0; c < COMMANDS; c++) {
            answers.add(log.submit(bytes("c" + c)));
            log.query(bytes("")).get(30, TimeUnit.SECONDS);
        }
        return answers;
    }

    @Test
    void shouldGatherWhileTheRoundLastsAndAnswerAllInOrderAfterIt() throws Exception {
        List<CompletableFuture<byte[]>> first = holdARound();
        ReplicatedLog log = logs.get(3);
        long inRound = log.status().lastIndex();
        List<CompletableFuture<byte[]>> answers = submitOneByOne(log);
        assertThat(log.status().lastIndex()).as("nothing was proposed").isEqualTo(inRound);
        assertThat(answers).noneMatch(CompletableFuture::isDone);

        held.forEach(CountDownLatch::countDown);
        for (CompletableFuture<byte[]> answer : first) {
            assertThat(text(answer.get(30, TimeUnit.SECONDS))).isEqualTo("2");
        }
        List<String> expected = new ArrayList<>(List.of("first", "round"));
        for (int c = 0; c < COMMANDS; c++) {
            assertThat(text(answers.get(c).get(30, TimeUnit.SECONDS))).isEqualTo(String.valueOf(3 + c));
            expected.add("c" + c);
        }
        assertThat(List.copyOf(journals.get(3).commands)).isEqualTo(expected);
        assertThat(cluster.logs.durable(group(3), NODE).stream()
                        .filter(entry -> entry.kind() == LogEntry.Kind.COMMAND)
                        .map(entry -> text(entry.payload()))
                        .toList())
                .as("acknowledged is durable")
                .isEqualTo(expected);
    }

    @Test
    void shouldProposeAtOnceWhereTheLogIsNotInTheRound() throws Exception {
        holdARound();
        ReplicatedLog log = logs.get(0);
        long before = log.status().lastIndex();
        CompletableFuture<byte[]> answer = log.submit(bytes("another"));
        TestCluster.await("proposed", () -> log.status().lastIndex() > before);
        held.forEach(CountDownLatch::countDown);
        answer.get(30, TimeUnit.SECONDS);
    }

    @Test
    void shouldEndThoseThatWaitWhenTheForceFailsAndNoOthers() throws Exception {
        holdARound();
        List<CompletableFuture<byte[]>> lost = submitOneByOne(logs.get(2));
        List<CompletableFuture<byte[]>> kept = submitOneByOne(logs.get(5));
        cluster.logs.failForce(group(2), NODE);
        held.forEach(CountDownLatch::countDown);
        for (CompletableFuture<byte[]> answer : lost) {
            assertThatThrownBy(() -> answer.get(30, TimeUnit.SECONDS))
                    .isInstanceOf(ExecutionException.class)
                    .hasCauseInstanceOf(ReplicaFaultedException.class);
        }
        for (CompletableFuture<byte[]> answer : kept) {
            answer.get(30, TimeUnit.SECONDS);
        }
    }

    @Test
    void shouldCloseInTheMiddleOfARound() throws Exception {
        holdARound();
        List<CompletableFuture<byte[]>> answers = submitOneByOne(logs.get(4));
        Thread closer = new Thread(node::close);
        closer.start();
        held.forEach(CountDownLatch::countDown);
        for (CompletableFuture<byte[]> answer : answers) {
            answer.get(30, TimeUnit.SECONDS); // an orderly stop answers what was taken
        }
        closer.join(30_000);
        assertThat(closer.isAlive()).isFalse();
    }
}
