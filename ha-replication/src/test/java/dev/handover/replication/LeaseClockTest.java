package dev.handover.replication;

import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.replication.protocol.LeaseOptions;
import org.junit.jupiter.api.Test;

class LeaseClockTest {
    private static final long MILLI = 1_000_000;

    private long nanos = Long.MAX_VALUE - 100 * MILLI; // it wraps
    private long wall = 1_700_000_000_000L;
    private final LeaseClock clock =
            new LeaseClock(new LeaseOptions(1000 * MILLI, 0.1), () -> nanos, () -> wall); // tolerates 25 ms

    private void pass(long millis) {
        for (long i = 0; i < millis; i += 5) {
            nanos += 5 * MILLI;
            wall += 5;
            clock.sample();
        }
    }

    @Test
    void shouldBeTheMonotonicClockWhileBothGoOn() {
        pass(5000);
        assertThat(clock.hasJumped()).isFalse();
        assertThat(clock.nowNanos(clock.leastOffset())).isEqualTo(nanos);
    }

    @Test
    void shouldCountTimeThatTheMonotonicClockHasMissed() {
        pass(500);
        long offset = clock.leastOffset();
        wall += 700; // suspended
        assertThat(clock.nowNanos(offset)).isEqualTo(nanos + 700 * MILLI);
        assertThat(clock.hasJumped()).isTrue();
    }

    @Test
    void shouldTrustTheClocksAgainWhenAllGrantsAreYoungerThanTheJump() {
        pass(500);
        wall += 700;
        pass(900);
        assertThat(clock.hasJumped()).isTrue();
        pass(1200);
        assertThat(clock.hasJumped()).isFalse();
    }

    @Test
    void shouldSeeASuspensionAfterTheWallClockWasSetBack() {
        pass(500);
        wall -= 10_000;
        pass(5);
        assertThat(clock.hasJumped()).isFalse();
        wall += 700;
        assertThat(clock.hasJumped()).isTrue();
    }
}
