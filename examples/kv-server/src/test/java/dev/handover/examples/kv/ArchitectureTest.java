package dev.handover.examples.kv;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import dev.handover.HouseRules;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
    private static final JavaClasses CLASSES = HouseRules.productionClasses();

    @Test
    void shouldKeepTheRulesOfTheHouse() {
        HouseRules.check(CLASSES);
    }

    @Test
    void shouldKeepTheProtocolOutOfTheStore() {
        noClasses()
                .that()
                .resideInAPackage("dev.handover.examples.kv.store..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("dev.handover.examples.kv", "dev.handover.examples.kv.resp..", "io.netty..")
                .check(CLASSES);
    }
}
