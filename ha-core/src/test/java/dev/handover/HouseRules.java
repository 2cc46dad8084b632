package dev.handover;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import java.util.Map;

/** The rules of the house that hold in every module; each module's own test calls them and adds its own. */
public final class HouseRules {
    private HouseRules() {}

    /** The production classes of Handover that the calling module can see. */
    public static JavaClasses productionClasses() {
        JavaClasses classes = new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests())
                .withImportOption(location -> !location.contains("-tests.jar")) // of the modules before this one
                .importPackages("dev.handover");
        if (classes.isEmpty()) {
            throw new AssertionError("no production classes found");
        }
        return classes;
    }

    /** Checks what holds everywhere: who may know whom, and no circles between packages. */
    public static void check(JavaClasses classes) {
        onlyIn(classes, "dev.handover.netty..", "dev.handover.examples..", "io.netty..");
        onlyIn(classes, "dev.handover.election..", "dev.handover.election..", "org.apache..");
        onlyIn(classes, "dev.handover.guard..", "dev.handover.guard..", "io.github.resilience4j..");
        onlyIn(classes, "dev.handover.metrics..", "dev.handover.spring..", "io.micrometer..", "dev.handover.guard..");
        onlyIn(classes, "dev.handover.spring..", "dev.handover.examples..", "org.springframework..");
        noClasses()
                .that()
                .resideInAnyPackage(
                        "dev.handover", "dev.handover.coordination..", "dev.handover.event..", "dev.handover.guard..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "dev.handover.election..",
                        "dev.handover.replication..",
                        "dev.handover.takeover..",
                        "dev.handover.metrics..",
                        "dev.handover.netty..",
                        "dev.handover.spring..")
                .allowEmptyShould(true)
                .check(classes);
        noClasses()
                .that()
                .resideInAPackage("dev.handover.replication..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "dev.handover.ops..",
                        "dev.handover.election..",
                        "dev.handover.netty..",
                        "dev.handover.guard..", // nothing of guards is on the way of a command
                        "dev.handover.metrics..",
                        "dev.handover.spring..")
                .allowEmptyShould(true)
                .check(classes);
        slices().matching("dev.handover.(**)").should().beFreeOfCycles().check(classes);
    }

    /** What a process runs for the first time in its life in a take-over has no lambda in it: linking one then takes longer than all the rest of it. */
    public static void checkLinksNothing(JavaClasses classes, Map<String, List<String>> methodsOfTypes) {
        methodsOfTypes.forEach((type, methods) -> {
            for (String method : methods) {
                List<JavaCodeUnit> found = classes.get(type).getCodeUnits().stream()
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

    private static void onlyIn(JavaClasses classes, String first, String second, String library) {
        onlyIn(classes, first, second, library, second);
    }

    private static void onlyIn(JavaClasses classes, String first, String second, String library, String third) {
        noClasses()
                .that()
                .resideOutsideOfPackages(first, second, third, "dev.handover.jmh..") // which measures against others
                .should()
                .dependOnClassesThat()
                .resideInAPackage(library)
                .allowEmptyShould(true)
                .check(classes);
    }
}
