package dev.handover;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;

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
                        "dev.handover.metrics..",
                        "dev.handover.spring..")
                .allowEmptyShould(true)
                .check(classes);
        slices().matching("dev.handover.(**)").should().beFreeOfCycles().check(classes);
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
