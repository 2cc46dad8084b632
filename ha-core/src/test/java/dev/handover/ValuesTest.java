package dev.handover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.HandoverException.Retry;
import java.util.List;
import java.util.UUID;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.CharRange;
import net.jqwik.api.constraints.StringLength;

/** Ids and configurations: what is taken, and what is refused with which words. */
class ValuesTest {
    private static final ReplicaId A = new ReplicaId(NodeId.of("a"), new UUID(1, 1));
    private static final ReplicaId B = new ReplicaId(NodeId.of("b"), new UUID(2, 2));

    @Property
    void shouldTakeEveryNameOfLettersAndDigits(
            @ForAll @StringLength(min = 1, max = 64) @CharRange(from = 'a', to = 'z') String name) {
        assertThat(NodeId.of(name).value()).isEqualTo(name);
        assertThat(GroupId.of(name)).hasToString(name);
    }

    @Property
    void shouldTakeAnyStringOrRefuseItNamingIt(@ForAll String name) {
        boolean good = name.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
        if (good) {
            assertThat(NodeId.of(name).value()).isEqualTo(name);
        } else {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> NodeId.of(name))
                    .withMessageContaining("node id '" + name + "'")
                    .withMessageContaining("use");
        }
    }

    @Example
    void shouldRefuseNamesThatWouldLeaveTheirDirectoryOrZnode() {
        for (String name : List.of("..", ".", "a/b", "-x", "", "a b", "ä", "x".repeat(65))) {
            assertThatThrownBy(() -> GroupId.of(name)).hasMessageContaining("group id '" + name + "'");
        }
    }

    @Example
    void shouldTellTwoLogsOfOneNodeApart() {
        ReplicaId wiped = new ReplicaId(A.node(), new UUID(9, 9));
        assertThat(wiped).isNotEqualTo(A);
        assertThat(configuration(3, A, 1, A, B).isInSync(A)).isTrue();
        assertThat(configuration(3, A, 1, A, B).isInSync(wiped)).isFalse();
    }

    @Example
    void shouldSortTheInSyncSetSoThatEqualSetsAreEqual() {
        assertThat(configuration(1, A, 1, B, A)).isEqualTo(configuration(1, A, 1, A, B));
    }

    @Example
    void shouldRefuseConfigurationsThatMakeNoSense() {
        assertThatThrownBy(() -> configuration(0, A, 1, A)).hasMessageContaining("epoch 0");
        assertThatThrownBy(() -> configuration(1, A, 0, A)).hasMessageContaining("minInSync 0");
        assertThatThrownBy(() -> configuration(1, A, 1, B))
                .hasMessageContaining("leader a/")
                .hasMessageContaining("not in");
        assertThatThrownBy(() -> configuration(1, A, 1, A, new ReplicaId(A.node(), new UUID(9, 9))))
                .hasMessageContaining("twice");
    }

    @Example
    void shouldAnswerWhetherToRetry() {
        assertThat(new NotLeaderException("x").retry()).isEqualTo(Retry.SAFE);
        assertThat(new OverloadedException("x").retry()).isEqualTo(Retry.SAFE);
        assertThat(new RedundancyException("x").retry()).isEqualTo(Retry.SAFE);
        assertThat(new OutcomeUnknownException("x").retry()).isEqualTo(Retry.MAY_APPLY_TWICE);
        assertThat(new FencedException("x").retry()).isEqualTo(Retry.NEVER);
        assertThat(new ReplicaFaultedException("x").retry()).isEqualTo(Retry.NEVER);
        assertThat(new ReplicaClosedException("x").retry()).isEqualTo(Retry.NEVER);
    }

    private static Configuration configuration(long epoch, ReplicaId leader, int minInSync, ReplicaId... inSync) {
        return new Configuration(new UUID(7, 7), epoch, leader, List.of(inSync), minInSync, 1, new UUID(8, 8), "test");
    }
}
