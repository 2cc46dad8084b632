package dev.handover.jmh.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The way between a client process and a replica, and the loop that measures over it. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FrontTest {
    private static Front.Backend backend(Ledger ledger, AtomicBoolean leads) {
        return new Front.Backend() {
            @Override
            public boolean leads() {
                return leads.get();
            }

            @Override
            public void submit(byte[] command, Front.Answer answer) {
                if (leads.get()) {
                    ledger.apply(Ledger.number(command, 0));
                    answer.is(Front.DONE);
                } else {
                    answer.is(Front.NOT_LEADER);
                }
            }
        };
    }

    @Test
    void shouldAnswerEveryCommandOnceAndCountThem(@TempDir Path directory) throws Exception {
        Layout layout = Layout.choose(directory, 2, "");
        Ledger ledger = new Ledger();
        Front.listen(layout.port(0, 0), backend(new Ledger(), new AtomicBoolean(false)));
        Front.listen(layout.port(1, 0), backend(ledger, new AtomicBoolean(true)));
        try (FrontClient client = new FrontClient(layout)) {
            ClosedLoop loop = new ClosedLoop(client, 16, 64, 0);
            loop.start();
            ClosedLoop.Result result = loop.measure(TimeUnit.MILLISECONDS.toNanos(200));

            assertThat(loop.stop()).isTrue();
            assertThat(result.errors()).isZero();
            assertThat(result.latencies().getTotalCount()).isPositive().isLessThanOrEqualTo(ledger.applied());
        }
    }

    @Test
    void shouldGoOnAtTheNodeThatLeads(@TempDir Path directory) throws Exception {
        Layout layout = Layout.choose(directory, 2, "");
        AtomicBoolean first = new AtomicBoolean(true);
        AtomicBoolean second = new AtomicBoolean(false);
        Ledger before = new Ledger();
        Ledger after = new Ledger();
        Front.listen(layout.port(0, 0), backend(before, first));
        Front.listen(layout.port(1, 0), backend(after, second));
        try (FrontClient client = new FrontClient(layout)) {
            ClosedLoop loop = new ClosedLoop(client, 4, 64, 0);
            loop.start();
            awaitApplied(before);
            second.set(true);
            first.set(false);
            awaitApplied(after);

            assertThat(loop.stop()).isTrue();
            assertThat(loop.errors()).as("commands that met the old leader").isPositive();
        }
    }

    /** Until the time-out of the class. */
    private static void awaitApplied(Ledger ledger) throws InterruptedException {
        while (ledger.applied() == 0) {
            Thread.sleep(1);
        }
    }

    @Test
    void shouldTellWhatIsLostAndWhatWasAppliedTwice() {
        Ledger ledger = new Ledger();
        ledger.apply(1);
        ledger.apply(1);
        ledger.apply(3);
        java.util.BitSet acknowledged = new java.util.BitSet();
        acknowledged.set(1, 4);

        assertThat(ledger.missing(acknowledged)).isEqualTo(1);
        assertThat(ledger.doubled()).isEqualTo(1);
        assertThat(ledger.applied()).isEqualTo(3);
    }
}
