package dev.handover.examples.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.election.zookeeper.EmbeddedZooKeeper;
import dev.handover.election.zookeeper.ZooKeeperConfigurationStore;
import dev.handover.netty.NettyTransport;
import dev.handover.replication.Command;
import dev.handover.replication.HaNode;
import dev.handover.replication.ReplicatedLog;
import dev.handover.replication.StateMachine;
import dev.handover.replication.StateSnapshot;
import dev.handover.replication.storage.StorageOptions;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The commands against running nodes. */
@Timeout(120)
class LiveCommandsTest {
    private static final GroupId GROUP = GroupId.of("g");
    private static final Duration LONG = Duration.ofSeconds(60);

    @TempDir
    Path directory;

    private EmbeddedZooKeeper zooKeeper;
    private HaNode a;
    private HaNode b;
    private ReplicatedLog logOfA;
    private ReplicatedLog logOfB;

    @BeforeEach
    void start() throws Exception {
        zooKeeper = EmbeddedZooKeeper.builder()
                .dataDirectory(directory.resolve("zookeeper"))
                .clientAddress("127.0.0.1", 0)
                .start();
        zooKeeper.awaitServing(LONG);
        a = node("a").start();
        logOfA = a.join(GROUP, new Nothing());
        logOfA.awaitInSync(LONG).get(60, TimeUnit.SECONDS);
        b = node("b").start();
        logOfB = b.join(GROUP, new Nothing());
        logOfB.awaitInSync(LONG).get(60, TimeUnit.SECONDS);
        logOfA.submit(new byte[] {1}).get(20, TimeUnit.SECONDS);
    }

    @AfterEach
    void stop() {
        for (HaNode node : new HaNode[] {b, a}) {
            if (node != null) {
                node.close();
            }
        }
        zooKeeper.close();
    }

    private HaNode.Builder node(String name) {
        return HaNode.builder(NodeId.of(name))
                .configurationStore(ZooKeeperConfigurationStore.connect(zooKeeper.connectString()))
                .transport(NettyTransport.listen("127.0.0.1", 0))
                .dataDirectory(directory.resolve(name))
                .failureTimeout(Duration.ofSeconds(10)) // nobody takes over by himself, on a busy machine either
                .commandTimeout(Duration.ofSeconds(30))
                .storage(new StorageOptions(1 << 20, 0));
    }

    private Ran admin(String... arguments) {
        String[] all = new String[arguments.length + 2];
        System.arraycopy(arguments, 0, all, 0, arguments.length);
        all[arguments.length] = "--zookeeper";
        all[arguments.length + 1] = zooKeeper.connectString();
        return Ran.command("", all);
    }

    @Test
    void shouldShowWhatEachReplicaIsDoingAndTransfer() throws Exception {
        a.join(GroupId.of("second"), new Nothing()).awaitInSync(LONG).get(60, TimeUnit.SECONDS);

        Ran status = admin("status");
        assertThat(status.err()).isEmpty();
        assertThat(status.code()).isEqualTo(Admin.OK);
        assertThat(status.out())
                .contains("group: g", "group: second", "redundancy: 2", "redundancy: 1")
                .containsPattern(
                        "a/[0-9a-f-]+ at 127.0.0.1:\\d+, supports level \\d+: LEADER in epoch \\d+, in sync, last \\d+")
                .containsPattern(
                        "b/[0-9a-f-]+ at .*: FOLLOWER in epoch \\d+, in sync, last \\d+, committed \\d+, applied \\d+");
        assertThat(admin("status", "--group", "second").out()).contains("a/").doesNotContain("b/", "group: g");

        Ran refused = admin("transfer", "--group", "g", "--to", "nobody");
        assertThat(refused.code()).isEqualTo(Admin.FAILED);
        assertThat(refused.err()).contains("node a: ", "nobody");
        assertThat(logOfA.status().role().leads()).as("nothing has changed").isTrue();

        Ran transfer = admin("transfer", "--group", "g", "--to", "b", "--json");
        assertThat(transfer.err()).isEmpty();
        assertThat(transfer.out()).contains("\"from\":\"a\"", "\"to\":\"b\"");
        assertThat(logOfB.status().role().leads()).isTrue();
        assertThat(admin("transfer", "--group", "g").out()).contains("to: a");
        assertThat(logOfA.status().role().leads()).isTrue();
    }

    @Test
    void shouldHaveASnapshotTaken() {
        Ran snapshot = admin("snapshot", "--group", "g", "--node", "b");
        assertThat(snapshot.err()).isEmpty();
        assertThat(snapshot.out()).contains("snapshotIndex: ");
        assertThat(logOfB.status().snapshots().toString()).as("snapshots of b").isNotEmpty();
        assertThat(admin("snapshot", "--group", "g", "--node", "x").err()).contains("node x is not announced");
        assertThat(admin("snapshot", "--group", "other", "--node", "b").err())
                .contains("node b has not joined group other");
        assertThat(admin("snapshot", "--group", "g").err()).contains("--node is missing");
    }

    @Test
    void shouldRemoveAMemberAndAdmitItAgainAndRefuseWhatTheSituationDoesNotCallFor() throws Exception {
        Ran unknown = admin("member", "remove", "--group", "g", "--node", "x");
        assertThat(unknown.code()).isEqualTo(Admin.REFUSED);
        assertThat(unknown.err()).contains("refused: node x is not in group g", "Check the name");
        Ran leader = admin("member", "remove", "--group", "g", "--node", "a");
        assertThat(leader.code()).isEqualTo(Admin.FAILED);
        assertThat(leader.err()).contains("a leads; hand the leadership over first");
        Ran early = admin("member", "admit", "--group", "g", "--node", "b");
        assertThat(early.code()).isEqualTo(Admin.REFUSED);
        assertThat(early.err()).contains("node b was not removed from group g");
        assertThat(logOfA.status().configuration().inSync())
                .as("nothing has changed")
                .hasSize(2);

        Ran remove = admin("member", "remove", "--group", "g", "--node", "b");
        assertThat(remove.err()).isEmpty();
        assertThat(remove.code()).isEqualTo(Admin.OK);
        assertThat(remove.out()).contains("removed: [b]");
        assertThat(logOfA.status().configuration().isRemoved(NodeId.of("b"))).isTrue();
        assertThat(admin("status", "--group", "g").out()).contains("redundancy: 1", "not in sync");
        assertThat(admin("member", "remove", "--group", "g", "--node", "b").err())
                .contains("node b is removed from group g already");

        assertThat(admin("member", "admit", "--group", "g", "--node", "b").out())
                .contains("removed: []");
        logOfB.awaitInSync(LONG).get(60, TimeUnit.SECONDS);
        assertThat(logOfA.status().configuration().inSync()).hasSize(2);
    }

    @Test
    void shouldSayWhyANodeCannotBeAsked() {
        Ran status = admin("status", "--group", "g", "--node-cluster", "elsewhere");
        assertThat(status.code()).isEqualTo(Admin.OK);
        assertThat(status.out()).contains("cannot be reached: ", "belongs to cluster 'default'");
    }

    @Test
    void shouldBeNoPeerOfTheReplicas() throws Exception {
        admin("status");
        assertThat(logOfA.submit(new byte[] {2}).get(20, TimeUnit.SECONDS)).isEmpty();
        assertThatThrownBy(() -> HaNode.builder(NodeId.of("ha-admin.x")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'ha-admin.x'");
    }

    /** Holds nothing. */
    private static final class Nothing implements StateMachine {
        @Override
        public byte[] apply(Command command) {
            return new byte[0];
        }

        @Override
        public StateSnapshot snapshot() {
            return (StateSnapshot.Handle) out -> out.write(0);
        }

        @Override
        public void restore(InputStream in) throws IOException {
            in.readAllBytes();
        }
    }
}
