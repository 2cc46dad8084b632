package dev.handover.election.zookeeper;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import dev.handover.HouseRules;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
    private final JavaClasses classes = HouseRules.productionClasses();

    @Test
    void shouldKeepTheRulesOfTheHouse() {
        HouseRules.check(classes);
    }

    @Test
    void shouldNeverEndTheJvm() {
        noClasses().should().callMethod(System.class, "exit", int.class).check(classes);
        noClasses().should().callMethod(Runtime.class, "halt", int.class).check(classes);
    }
}
