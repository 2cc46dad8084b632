package dev.handover.replication.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.GroupId;
import dev.handover.NodeId;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BeatsTest {
    private static final NodeId A = NodeId.of("a");
    private static final NodeId B = NodeId.of("b");
    private static final long BEAT = 50;
    private static final long TIMEOUT = 500;

    private final Beats a = new Beats(BEAT, TIMEOUT);
    private final Beats b = new Beats(BEAT, TIMEOUT);
    private long now = 1_000_000;
    private int lists;

    private static GroupId group(int number) {
        return GroupId.of("g" + number);
    }

    /** A leads the group and B follows, and both are at rest. */
    private void rest(int number, long epoch) {
        a.rests(group(number), epoch, List.of(B), null, now);
        b.rests(group(number), epoch, List.of(), A, now);
    }

    /** Lets so many heartbeats go by; gives who is woken, on either side. */
    private List<Beats.Wake> exchange(int times) {
        List<Beats.Wake> wakes = new ArrayList<>();
        for (int i = 0; i < times; i++) {
            now += BEAT;
            List<Beats.Send> fromA = a.due(now);
            List<Beats.Send> fromB = b.due(now);
            assertThat(fromA.size()).as("one message for all groups").isLessThanOrEqualTo(1);
            fromA.forEach(send -> b.received(A, send.beat(), now));
            fromB.forEach(send -> a.received(B, send.beat(), now));
            lists += (int) fromA.stream().filter(send -> send.beat().listed()).count();
            wakes.addAll(a.wakes(now));
            wakes.addAll(b.wakes(now));
        }
        return wakes;
    }

    @Test
    void shouldVouchForAThousandGroupsWithOneMessageThatSeldomListsThem() {
        IntStream.range(0, 1000).forEach(number -> rest(number, 1 + number % 3));

        assertThat(exchange(160)).isEmpty();

        assertThat(lists).isEqualTo(10);
    }

    @Test
    void shouldSendNothingWhereNothingRests() {
        assertThat(a.due(now)).isEmpty();
        assertThat(a.isIdle()).isTrue();
        rest(1, 1);
        exchange(3);
        a.rests(group(1), 1, List.of(), null, now);
        b.rests(group(1), 1, List.of(), null, now);

        exchange(40);

        assertThat(a.due(now + BEAT)).isEmpty();
        assertThat(a.isIdle()).isTrue();
        assertThat(b.isIdle()).isTrue();
    }

    @Test
    void shouldWakeOnlyTheGroupWhoseLeaderIsGoneThoughItsNodeLives() {
        IntStream.range(0, 5).forEach(number -> rest(number, 1));
        exchange(5);

        a.rests(group(3), 1, List.of(), null, now); // and nobody says goodbye

        assertThat(exchange(4)).isEmpty();
        assertThat(exchange(3)).isNotEmpty().allSatisfy(wake -> {
            assertThat(wake.group()).isEqualTo(group(3));
            assertThat(wake.peer()).isEqualTo(A);
        });
    }

    @Test
    void shouldWakeALeaderWhoseFollowerDoesNotRestInItsEpoch() {
        rest(1, 1);
        rest(2, 1);
        exchange(5);

        b.rests(group(1), 2, List.of(), A, now);

        assertThat(exchange(8)).isNotEmpty().allSatisfy(wake -> assertThat(wake.group())
                .isEqualTo(group(1)));
    }

    @Test
    void shouldWakeAllOfANodeThatIsSilentWithTheTimeItWasHeard() {
        rest(1, 1);
        rest(2, 1);
        exchange(5);
        long heard = now;

        now += TIMEOUT;
        assertThat(b.wakes(now)).isEmpty();
        now += 1;

        assertThat(b.wakes(now))
                .containsExactlyInAnyOrder(new Beats.Wake(group(1), A, heard), new Beats.Wake(group(2), A, heard));
    }

    @Test
    void shouldBlameNobodyForItsOwnPause() {
        rest(1, 1);
        exchange(5);

        now += 10 * TIMEOUT;
        b.paused(now);

        assertThat(b.wakes(now)).isEmpty();
        now += TIMEOUT + 1;
        assertThat(b.wakes(now)).hasSize(1);
    }

    @Test
    void shouldNotBelieveAListThatMayBeOutdated() {
        rest(1, 1);
        exchange(5);
        a.rests(group(1), 1, List.of(), null, now);
        now += BEAT;
        a.due(now); // with the new list, and lost on its way
        List<Beats.Wake> wakes = new ArrayList<>();

        for (int i = 0; i < 6; i++) {
            now += BEAT;
            a.due(now).forEach(send -> {
                assertThat(send.beat().listed()).isFalse();
                b.received(A, send.beat(), now);
            });
            wakes.addAll(b.wakes(now));
        }

        assertThat(wakes).isNotEmpty();
    }

    @Test
    void shouldListAgainWhenABeatCouldNotBeSentAndAfterAnotherConnection() {
        rest(1, 1);
        exchange(3);
        a.unsent(B);
        now += BEAT;
        assertThat(a.due(now))
                .singleElement()
                .satisfies(send -> assertThat(send.beat().led()).hasSize(1));
        a.disconnected(B, now);
        now += BEAT;
        assertThat(a.due(now))
                .singleElement()
                .satisfies(send -> assertThat(send.beat().led()).hasSize(1));
    }
}
