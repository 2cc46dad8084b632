package dev.handover.netty;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import dev.handover.HouseRules;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
    @Test
    void shouldKeepTheRulesOfTheHouse() {
        HouseRules.check(HouseRules.productionClasses());
    }

    @Test
    void shouldShowNothingButTheTransportAndItsOptions() {
        JavaClasses all = HouseRules.productionClasses();
        classes()
                .that()
                .resideInAPackage("dev.handover.netty")
                .and()
                .haveModifier(JavaModifier.PUBLIC)
                .should()
                .haveNameMatching(
                        "dev\\.handover\\.netty\\.(NettyTransport(\\$Builder)?|RenewableTls|TlsOptions(\\$PeerCheck)?)")
                .check(all);
    }
}
