package dev.handover.replication;

import static dev.handover.replication.TestCluster.GROUP;
import static dev.handover.replication.TestCluster.LONG;
import static dev.handover.replication.TestCluster.bytes;
import static dev.handover.replication.TestCluster.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.MembershipRefusedException;
import dev.handover.NodeId;
import dev.handover.Redundancy;
import dev.handover.ReplicaId;
import dev.handover.Role;
import dev.handover.coordination.Member;
import dev.handover.coordination.MemberAttributes;
import dev.handover.event.HaEvent;
import dev.handover.replication.TestCluster.Running;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Replicas join and leave a running group; learners stay learners. Whole nodes. */
@Timeout(120)
class MembersTest {
    private final TestCluster cluster = new TestCluster();

    @AfterEach
    void close() {
        cluster.close();
    }

    private static List<NodeId> inSync(Running node) {
        return node.log().status().configuration().inSync().stream()
                .map(ReplicaId::node)
                .toList();
    }

    private static List<NodeId> nodes(String... names) {
        return List.of(names).stream().map(NodeId::of).toList();
    }

    @Test
    void shouldKeepARemovedNodeOutEvenWithAnEmptyDiskUntilItIsAdmittedAgain() throws Exception {
        Running a = cluster.startInSync("a", "b", "c").get(0);
        ReplicaId before = cluster.running.get("c").log().status().self();
        a.log().submit(bytes("x")).get(20, TimeUnit.SECONDS);

        GroupStatus removed = a.log().removeMember(NodeId.of("c")).get(20, TimeUnit.SECONDS);
        assertThat(removed.configuration().removed()).containsExactly(NodeId.of("c"));
        assertThat(inSync(a)).isEqualTo(nodes("a", "b"));
        assertThat(removed.redundancy().level()).as("nobody is missed").isEqualTo(Redundancy.Level.FULL);
        Running c = cluster.running.get("c");
        TestCluster.await("c knows", () -> c.log().status().role() == Role.LEARNER);
        c.node().close();
        cluster.running.remove("c");
        cluster.logs.wipe(GROUP, NodeId.of("c"));

        Running again = cluster.start("c");
        TestCluster.await("c has come", () -> again.log().status().role() == Role.LEARNER);
        for (int i = 0; i < 50; i++) {
            a.log().submit(bytes("y" + i)).get(20, TimeUnit.SECONDS);
        }
        assertThat(again.journal().commands).as("it is not even sent the log").isEmpty();
        assertThat(inSync(a)).isEqualTo(nodes("a", "b"));

        a.log().admitMember(NodeId.of("c")).get(20, TimeUnit.SECONDS);
        again.log().awaitInSync(LONG).get(30, TimeUnit.SECONDS);
        assertThat(inSync(a)).isEqualTo(nodes("a", "b", "c"));
        assertThat(again.log().status().self().logId()).isNotEqualTo(before.logId());
        TestCluster.await("c has everything", () -> again.journal().commands.size() == 51);
    }

    @Test
    void shouldKnowTheMembersAndWhatTheyTellAboutThemselves() throws Exception {
        cluster.settings = builder -> builder.attribute(MemberAttributes.COLOUR, "blue");
        HaNode a = cluster.start("a").node();
        HaNode b = cluster.start("b").node();
        TestCluster.await(
                "both know both",
                () -> a.members().size() == 2
                        && a.members().equals(b.members())
                        && a.members().stream().allMatch(member -> member.logs().containsKey(GROUP)));
        assertThat(a.members()).extracting(Member::node).containsExactly(NodeId.of("a"), NodeId.of("b"));
        assertThat(a.members()).allSatisfy(member -> assertThat(member.attributes())
                .containsExactlyEntriesOf(Map.of("colour", "blue")));
        cluster.running.remove("b").node().close();
        TestCluster.await("b is known to have gone", () -> a.members().size() == 1);
    }

    @Test
    void shouldTakeAReplacedMachineForANewReplicaOfTheSameNodeAndNeverTrustTheOldOne() throws Exception {
        Running a = cluster.startInSync("a", "b").get(0);
        ReplicaId old = cluster.running.get("b").log().status().self();
        a.log().submit(bytes("x")).get(20, TimeUnit.SECONDS);
        cluster.crash("b");
        cluster.logs.wipe(GROUP, old.node());
        int seen = a.events().size();
        Running b = cluster.start("b");
        b.log().awaitInSync(LONG).get(30, TimeUnit.SECONDS);

        ReplicaId replaced = b.log().status().self();
        assertThat(replaced.node()).isEqualTo(old.node());
        assertThat(replaced.logId()).isNotEqualTo(old.logId());
        assertThat(a.log().status().configuration().isInSync(replaced)).isTrue();
        assertThat(a.log().status().configuration().isInSync(old)).isFalse();
        TestCluster.await("b has everything", () -> b.journal().commands.contains("x"));
        a.node().close();
        cluster.running.remove("a");
        b.log().submit(bytes("z")).get(20, TimeUnit.SECONDS); // it may even lead: what it has is the group's
        assertThat(b.journal().commands).containsExactly("x", "z");
        assertThat(b.events().stream()
                        .filter(HaEvent.ConfigurationChanged.class::isInstance)
                        .map(event -> ((HaEvent.ConfigurationChanged) event).configuration())
                        .filter(configuration -> configuration.isInSync(replaced)))
                .isNotEmpty()
                .noneMatch(configuration -> configuration.isInSync(old));
        assertThat(seen).isPositive();
    }

    @Test
    void shouldRefuseARemovalThatWouldStopWritesOrIsAskedElsewhere() throws Exception {
        cluster.settings = builder -> builder.minInSync(2);
        Running a = cluster.start("a");
        Running b = cluster.start("b");
        b.log().awaitInSync(LONG).get(30, TimeUnit.SECONDS);
        a.log().submit(bytes("x")).get(20, TimeUnit.SECONDS);
        Running leader = a.log().status().role() == Role.LEADER ? a : b;
        Running follower = leader == a ? b : a;

        assertThatThrownBy(() -> leader.log().removeMember(follower.node().id()).get(20, TimeUnit.SECONDS))
                .hasCauseInstanceOf(MembershipRefusedException.class)
                .hasMessageContaining("1 would be in sync, fewer than minInSync 2");
        assertThatThrownBy(() -> leader.log().removeMember(leader.node().id()).get(20, TimeUnit.SECONDS))
                .hasCauseInstanceOf(MembershipRefusedException.class)
                .hasMessageContaining("hand the leadership over first");
        assertThatThrownBy(() -> follower.log().removeMember(leader.node().id()).get(20, TimeUnit.SECONDS))
                .hasCauseInstanceOf(MembershipRefusedException.class)
                .hasMessageContaining("ask " + leader.node().id());
        assertThat(inSync(leader)).isEqualTo(nodes("a", "b"));
    }

    @Test
    void shouldServeLocalReadsOnALearnerThatIsNeverInSyncAndNeverLeads() throws Exception {
        Running a = cluster.startInSync("a", "b").get(0);
        cluster.settings = builder -> builder.learner(true);
        Running far = cluster.start("far");
        far.log().awaitLeader(LONG).get(30, TimeUnit.SECONDS);
        a.log().submit(bytes("x")).get(20, TimeUnit.SECONDS);
        TestCluster.await(
                "it has what is committed", () -> far.journal().commands.contains("x"));
        assertThat(text(far.log().query(bytes("x"), Consistency.LOCAL).get(20, TimeUnit.SECONDS)))
                .isEqualTo("true");
        assertThat(text(far.log().query(bytes("x")).get(20, TimeUnit.SECONDS)))
                .as("through the leader")
                .isEqualTo("true");

        cluster.crash("b");
        TestCluster.await("a is alone", () -> inSync(a).equals(nodes("a")));
        for (int i = 0; i < 50; i++) {
            a.log().submit(bytes("y" + i)).get(20, TimeUnit.SECONDS);
        }
        assertThat(inSync(a)).isEqualTo(nodes("a"));
        cluster.crash("a");
        TestCluster.await("it misses its leader", () -> far.log().status().leader() == null);
        assertThat(far.log().status().role()).isEqualTo(Role.LEARNER);
        assertThat(far.events()).noneMatch(HaEvent.TakeOver.class::isInstance);
        assertThat(text(far.log().query(bytes("x"), Consistency.LOCAL).get(20, TimeUnit.SECONDS)))
                .isEqualTo("true");
        cluster.settings = builder -> {};
        Running back = cluster.start("a");
        back.log().submit(bytes("z")).get(20, TimeUnit.SECONDS);
        TestCluster.await("it follows again", () -> far.journal().commands.contains("z"));
    }
}
