package dev.handover.election.zookeeper;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What a process runs for the first time in its life in a take-over has no lambda in it: linking one then takes longer than all the rest of it. */
class TakeOverPathTest {
    private static final Map<String, List<String>> PATH = Map.of(
            "dev.handover.election.zookeeper.ZooKeeperConfigurationStore", List.of("compareAndSet"),
            "dev.handover.election.zookeeper.ConfigurationCodec", List.of("text"),
            "dev.handover.election.zookeeper.CompareAndSet", List.of("update", "processResult"));

    @Test
    void shouldHaveNoLambdaInIt() {
        JavaClasses all = new ClassFileImporter().importPackages("dev.handover.election");
        PATH.forEach((type, methods) -> {
            for (String method : methods) {
                List<JavaCodeUnit> found = all.get(type).getCodeUnits().stream()
                        .filter(unit -> unit.getName().equals(method))
                        .toList();
                assertThat(found).as(type + "." + method).isNotEmpty();
                for (JavaCodeUnit unit : found) {
                    assertThat(unit.getAccessesFromSelf().stream()
                                    .filter(JavaAccess::isDeclaredInLambda)
                                    .toList())
                            .as(unit.getFullName())
                            .isEmpty();
                    assertThat(unit.getMethodReferencesFromSelf())
                            .as(unit.getFullName())
                            .isEmpty();
                }
            }
        });
    }
}
