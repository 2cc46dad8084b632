package dev.handover.replication;

import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.HandoverException;
import dev.handover.event.HaEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** docs/operations.md names everything that an operator can meet, and nothing that does not exist. */
class OperationsPageTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

    @Test
    void shouldNameEveryEventAndEveryException() throws IOException {
        String page = Files.readString(ROOT.resolve("docs/operations.md"));
        for (Class<?> event : HaEvent.class.getPermittedSubclasses()) {
            assertThat(page).contains("`" + event.getSimpleName() + "`");
        }
        Path exceptions = ROOT.resolve("ha-core/src/main/java/dev/handover");
        try (Stream<Path> files = Files.list(exceptions)) {
            List<String> names = files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith("Exception.java"))
                    .map(name -> name.substring(0, name.length() - ".java".length()))
                    .filter(name -> !name.equals(HandoverException.class.getSimpleName()))
                    .toList();
            assertThat(names).isNotEmpty().allSatisfy(name -> assertThat(page).contains("`" + name + "`"));
        }
    }

    @Test
    void shouldKnowEveryFaultOfTheCoreByItsText() throws IOException {
        List<String> keys = keysOfThePage();
        String core = sources("ha-replication/src/main/java/dev/handover/replication/protocol");
        Matcher fault = Pattern.compile("throw new Fault\\(\\s*\"([^\"]*)\"(.{0,400})", Pattern.DOTALL)
                .matcher(core);
        int found = 0;
        while (fault.find()) {
            found++;
            String text = fault.group(1) + fault.group(2);
            assertThat(keys)
                    .as("docs/operations.md has no row for the fault \"%s\"", fault.group(1))
                    .anySatisfy(key -> assertThat(text).contains(key));
        }
        assertThat(found).isGreaterThan(5);
    }

    @Test
    void shouldQuoteOnlyMessagesThatExist() throws IOException {
        String all = sources("ha-replication/src/main/java").replaceAll("\"\\s*\\+\\s*\"", "");
        assertThat(keysOfThePage()).allSatisfy(key -> assertThat(all).contains(key));
    }

    private static List<String> keysOfThePage() throws IOException {
        String page = Files.readString(ROOT.resolve("docs/operations.md"));
        String table =
                page.substring(page.indexOf("## Refusals and faults"), page.indexOf("Exceptions that callers see"));
        Matcher row = Pattern.compile("(?m)^\\| `([^`]*)` \\|").matcher(table);
        List<String> keys = new ArrayList<>();
        while (row.find()) {
            keys.add(row.group(1));
        }
        assertThat(keys).isNotEmpty();
        return keys;
    }

    private static String sources(String directory) throws IOException {
        StringBuilder all = new StringBuilder();
        try (Stream<Path> files = Files.walk(ROOT.resolve(directory))) {
            for (Path file : files.filter(path -> path.toString().endsWith(".java"))
                    .sorted()
                    .toList()) {
                all.append(Files.readString(file));
            }
        }
        return all.toString();
    }
}
