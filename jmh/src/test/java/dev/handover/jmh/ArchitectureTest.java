package dev.handover.jmh;

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
    void shouldKeepJmhOutOfWhatIsMeasured() {
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.handover.jmh..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.openjdk.jmh..", "dev.handover.jmh..")
                .check(classes);
    }
}
