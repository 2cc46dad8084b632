package dev.handover.jmh.groups;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ManyGroupsTest {
    @Test
    void badArgumentsAreNamed() {
        assertThatThrownBy(() -> ManyGroups.main(new String[] {"1,x"}))
                .hasMessageContaining("counts 'x' is not a number");
        assertThatThrownBy(() -> ManyGroups.main(new String[] {"1", "0"})).hasMessageContaining("writes in flight 0");
    }
}
