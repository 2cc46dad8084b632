package dev.handover.examples.sharded;

import dev.handover.HouseRules;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
    @Test
    void shouldKeepTheRulesOfTheHouse() {
        HouseRules.check(HouseRules.productionClasses());
    }
}
