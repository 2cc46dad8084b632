package dev.handover.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** docs/metrics.md and the code list the same meters. */
class MetricsPageTest {
    @Test
    void shouldListTheMetersOfTheCode() throws IOException {
        String page = Files.readString(Path.of("../docs/metrics.md"));
        Matcher row = Pattern.compile("(?m)^\\| `([^`]*)` \\| (.*) \\| (.*) \\| (.*) \\|$")
                .matcher(page);
        List<String> documented = new ArrayList<>();
        while (row.find()) {
            documented.add(String.join(" | ", row.group(1), row.group(2), row.group(3), row.group(4)));
        }
        List<String> coded = Arrays.stream(HandoverMeter.values())
                .map(meter -> String.join(
                        " | ",
                        meter.id(),
                        String.join(", ", meter.tags()),
                        meter.unit().isEmpty() ? "-" : meter.unit(),
                        meter.help()))
                .toList();
        assertThat(documented).containsExactlyElementsOf(coded);
    }
}
