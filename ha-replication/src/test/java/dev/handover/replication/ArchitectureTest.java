package dev.handover.replication;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import dev.handover.HouseRules;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
    private static final String PROTOCOL = "dev.handover.replication.protocol";
    private final JavaClasses classes = HouseRules.productionClasses();

    @Test
    void shouldKeepTheRulesOfTheHouse() {
        HouseRules.check(classes);
    }

    @Test
    void shouldKeepTheCorePure() {
        noClasses()
                .that()
                .resideInAPackage(PROTOCOL)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "java.io..",
                        "java.net..",
                        "java.nio..",
                        "java.util.concurrent..",
                        "java.time.chrono..",
                        "org.slf4j..",
                        "dev.handover.replication",
                        "dev.handover.replication.storage..",
                        "dev.handover.replication.transport..")
                .check(classes);
        noClasses()
                .that()
                .resideInAPackage(PROTOCOL)
                .should()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .callMethod(java.util.UUID.class, "randomUUID")
                .orShould()
                .callMethod(Math.class, "random")
                .orShould()
                .dependOnClassesThat()
                .belongToAnyOf(Thread.class, java.util.Random.class, java.time.Clock.class, java.time.Instant.class)
                .check(classes);
    }
}
