package dev.handover.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.examples.demo.FakeServer.Deed;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Writers, ledgers and audit together, against servers that lose, double, refuse and die. */
@Timeout(60)
class AccountingTest {
    private final Map<String, String> store = new ConcurrentHashMap<>();
    private FakeServer one;
    private FakeServer two;
    private Load load;

    @BeforeEach
    void start() throws IOException {
        one = new FakeServer(store);
        two = new FakeServer(store);
        load = new Load(List.of(one.address(), two.address()), 0, 0);
    }

    @AfterEach
    void stop() throws IOException {
        load.close();
        one.close();
        two.close();
    }

    @Test
    void shouldFindNothingWhereNothingIsWrong() throws Exception {
        write(2 * Ledger.TOKENS_PER_KEY);
        assertThat(load.audit().clean()).isTrue();
        assertThat(load.unknown()).isZero();
        assertThat(store).hasSizeGreaterThanOrEqualTo(2);
        load.awaitConvergence();
    }

    @Test
    void shouldFindALostWrite() throws Exception {
        one.next(Deed.WELL, Deed.LOSE, Deed.WELL, Deed.LOSE);
        write(10);
        Audit audit = load.audit();
        assertThat(audit.lost()).containsExactly("demo:sequential:0=1", "demo:sequential:0=3");
        assertThat(audit.duplicated()).isEmpty();
        assertThat(audit.clean()).isFalse();
    }

    @Test
    void shouldFindAWriteThatWasAppliedTwice() throws Exception {
        one.next(Deed.WELL, Deed.WELL, Deed.DOUBLE);
        write(10);
        Audit audit = load.audit();
        assertThat(audit.duplicated()).containsExactly("demo:sequential:0=2");
        assertThat(audit.lost()).isEmpty();
        assertThat(audit.clean()).isFalse();
    }

    @Test
    void shouldFindARefusedWriteThatWasApplied() throws Exception {
        one.next(Deed.LIE);
        write(10);
        assertThat(load.audit().duplicated()).containsExactly("demo:sequential:0=0");
    }

    @Test
    void shouldSendARefusedWriteAgain() throws Exception {
        one.next(Deed.REFUSE, Deed.OVERLOAD, Deed.WELL, Deed.OVERLOAD);
        write(10);
        assertThat(load.audit().clean()).isTrue();
        assertThat(load.unknown()).isZero();
        assertThat(load.acknowledged().refusals()).isEqualTo(3);
        assertThat(load.sequentialNode()).isZero();
    }

    @Test
    void shouldReadBackWhatBrokeAndGoOnAtTheNextNode() throws Exception {
        one.next(Deed.WELL, Deed.BREAK_AFTER);
        two.next(Deed.WELL, Deed.BREAK_BEFORE);
        write(100);
        assertThat(load.audit().clean()).isTrue();
        assertThat(load.unknown()).isEqualTo(1);
        assertThat(store.get("demo:sequential:0")).startsWith("0,1,2,4,5,");
    }

    @Test
    void shouldReadBackWhatIsUncertain() throws Exception {
        one.next(Deed.UNCERTAIN_APPLIED, Deed.UNCERTAIN_NOT_APPLIED);
        write(10);
        assertThat(load.audit().clean()).isTrue();
        assertThat(load.unknown()).isEqualTo(1);
        assertThat(store.get("demo:sequential:0")).startsWith("0,2,3,");
    }

    @Test
    void shouldGoOnWhenANodeDies() throws Exception {
        load.start();
        awaitWrites(50);
        one.close();
        awaitWrites(200);
        assertThat(load.sequentialNode()).isEqualTo(1);
        load.stop();
        one = new FakeServer(store);
        assertThat(two.appends).hasPositiveValue();
        Audit audit = new Audit();
        Load other = load;
        assertThatThrownBy(other::audit)
                .as("the dead node cannot be read from")
                .isInstanceOf(DemoFailure.class)
                .hasMessageContaining("cannot read everything back");
        assertThat(audit.clean()).isTrue();
        assertThat(load.sequential().longestGap(0, System.nanoTime())).isPositive();
    }

    @Test
    void shouldNoticeAStoreThatDiffers() throws Exception {
        try (FakeServer other = new FakeServer();
                Load apart = new Load(List.of(one.address(), other.address()), 0, 0)) {
            apart.start();
            await(() -> apart.acknowledged().total() > 10);
            apart.stop();
            assertThat(apart.audit().lost()).as("lost on the worst node").hasSizeGreaterThan(10);
        }
    }

    private void write(int atLeast) throws InterruptedException {
        load.start();
        awaitWrites(atLeast);
        load.stop();
    }

    private void awaitWrites(int more) throws InterruptedException {
        long from = load.acknowledged().total();
        await(() -> load.acknowledged().total() >= from + more);
    }

    private void await(java.util.function.BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (!condition.getAsBoolean()) {
            load.check();
            assertThat(System.nanoTime() - deadline).as("waited too long").isNegative();
            TimeUnit.MILLISECONDS.sleep(1);
        }
    }
}
