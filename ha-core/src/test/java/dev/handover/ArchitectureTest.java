package dev.handover;

import org.junit.jupiter.api.Test;

class ArchitectureTest {
    @Test
    void shouldKeepTheRulesOfTheHouse() {
        HouseRules.check(HouseRules.productionClasses());
    }
}
