package dev.handover.examples.guards;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The tour with real processes, one of which is stopped and one killed: no client sees a failure. */
@Timeout(120)
class GuardsIT {
    @Test
    void shouldNotLetClientsNotice() throws Exception {
        List<Child> children = new ArrayList<>();
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        try {
            for (String name : List.of("a", "b", "c")) {
                children.add(new Child(name));
            }
            try (Shop shop = new Shop(children.stream().map(Child::address).toList(), 4);
                    PrintStream out = new PrintStream(text, true, StandardCharsets.UTF_8)) {
                Guards.tour(shop, children, out);
            }
        } finally {
            children.forEach(Child::close);
        }
        List<String> lines = text.toString(StandardCharsets.UTF_8).lines().toList();
        System.out.println(String.join("\n", lines));
        assertThat(lines).hasSize(6).allSatisfy(line -> assertThat(line).contains(" calls, 0 failed, "));
    }
}
