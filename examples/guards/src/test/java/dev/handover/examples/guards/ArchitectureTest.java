package dev.handover.examples.guards;

import dev.handover.HouseRules;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
    @Test
    void shouldKeepTheRulesOfTheHouse() {
        HouseRules.check(HouseRules.productionClasses());
    }
}
