package dev.handover.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.PayloadMemory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Who holds the memory of a command, and when it is free. */
class PayloadHoldsTest {
    private final List<byte[]> free = new ArrayList<>();
    private final byte[] array = "one     two     three".getBytes(StandardCharsets.US_ASCII);
    private final PayloadBlock block = new PayloadBlock(array, free::add, true);
    private final PayloadHolds holds = new PayloadHolds();

    private Submission submission(int at, int length) {
        Submission submission = new Submission(null, LogEntry.Kind.COMMAND, 0, null);
        block.retain();
        submission.payload(block, PayloadMemory.place(at, length));
        return submission;
    }

    @Test
    void shouldHoldUntilAllHaveLetGo() {
        Submission one = submission(0, 3);
        Submission two = submission(8, 3);
        block.release(); // it is full
        holds.proposing(List.of(one, two));
        holds.accepted(2, 10, 1);
        one.letGo();
        one.letGo(); // twice is fine
        assertThatThrownBy(one::payload).isInstanceOf(IllegalStateException.class);
        two.letGo();
        holds.settled(10);
        assertThat(free).isEmpty();
        assertThat(array[0]).isEqualTo((byte) 'o');
        holds.settled(11);
        assertThat(free).containsExactly(array);
        assertThat(array).containsOnly(0xdb);
    }

    @Test
    void shouldHoldWhatACallerMayStillSendAgain() {
        Submission one = submission(0, 3);
        block.release();
        holds.proposing(List.of(one));
        holds.accepted(1, 10, 1);
        holds.settled(10);
        assertThat(free).isEmpty();
        one.letGo();
        assertThat(free).hasSize(1);
    }

    @Test
    void shouldGiveBackWhatWasRefused() {
        Submission one = submission(0, 3);
        block.release();
        holds.proposing(List.of(one));
        holds.rejected();
        assertThat(free).isEmpty();
        one.letGo();
        assertThat(free).hasSize(1);
    }

    @Test
    void shouldLeaveToTheCollectorWhatIsInDoubt() {
        Submission one = submission(0, 3);
        block.release();
        holds.proposing(List.of(one));
        holds.accepted(1, 10, 1);
        holds.lost();
        one.letGo();
        holds.settled(1000);
        assertThat(free).isEmpty();
        assertThat(one.payloadLength()).isEqualTo(3);
    }

    @Test
    void shouldLeaveToTheCollectorWhatAnotherEpochFollows() {
        Submission one = submission(0, 3);
        Submission two = submission(8, 3);
        block.release();
        holds.proposing(List.of(one));
        holds.accepted(1, 10, 1);
        holds.proposing(List.of(two));
        holds.accepted(1, 10, 2); // the first was cut off
        one.letGo();
        two.letGo();
        holds.settled(1000);
        assertThat(free).isEmpty();
    }

    @Test
    void shouldUseBlocksAgainThatNobodyHolds() {
        PayloadPool pool = new PayloadPool();
        pool.poison();
        List<Submission> all = new ArrayList<>();
        ByteBuffer command = ByteBuffer.allocate(1000);
        for (int i = 0; i < 3000; i++) {
            Submission one = new Submission(null, LogEntry.Kind.COMMAND, 0, null);
            command.putInt(0, i);
            pool.place(command, one);
            assertThat(command.position()).isZero();
            all.add(one);
        }
        assertThat(pool.reused()).isZero();
        for (int i = 0; i < 3000; i++) {
            assertThat(ByteBuffer.wrap(all.get(i).payload()).getInt()).isEqualTo(i);
        }
        all.forEach(Submission::letGo);
        for (int i = 0; i < 3000; i++) {
            pool.place(command, new Submission(null, LogEntry.Kind.COMMAND, 0, null));
        }
        assertThat(pool.reused()).isPositive();
    }

    @Test
    void shouldRefuseEverythingAfterTheEnd() {
        block.release();
        assertThatThrownBy(block::bytes).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(block::retain).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(block::release).isInstanceOf(IllegalStateException.class);
        assertThat(free).hasSize(1);
    }
}
