package dev.handover.spring;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;

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
    void shouldShowNothingButAnnotationsAndAutoConfigurations() {
        classes()
                .that()
                .resideInAPackage("dev.handover.spring")
                .and()
                .areNotAnnotatedWith("org.springframework.boot.autoconfigure.AutoConfiguration")
                .and()
                .areNotAnnotations()
                .and()
                .areNotAssignableTo(HandoverCluster.class)
                .should()
                .notBePublic()
                .check(classes);
    }
}
