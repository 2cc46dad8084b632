package dev.handover.jmh.groups;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.replication.storage.StorageOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class ManyGroupsTest {
    @Test
    void badArgumentsAreNamed() {
        assertThatThrownBy(() -> ManyGroups.main(new String[] {"1,x"}))
                .hasMessageContaining("counts 'x' is not a number");
        assertThatThrownBy(() -> ManyGroups.main(new String[] {"1", "0"})).hasMessageContaining("writes in flight 0");
    }

    @Test
    @Timeout(180)
    void allGroupsOfADeadNodeAreTakenOver() throws Exception {
        TakeOverOfMany.Figures figures = TakeOverOfMany.measure(
                24, StorageOptions.defaults().withSegmentBytes(64 << 10).withReserveBytes(0));

        System.out.println(figures);
        assertThat(figures.groups()).isEqualTo(24);
        assertThat(figures.medianMillis()).isPositive().isLessThanOrEqualTo(figures.lastMillis());
        assertThat(figures.lastMillis()).as("far more than on a quiet machine").isLessThan(15_000);
    }
}
