package dev.handover.examples.bluegreen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Scanner;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Real processes of two versions, in short form. */
@Timeout(180)
class DrillIT {
    @Test
    void shouldSwitchAndBeTakenBackWithoutAFailedRequest() throws Exception {
        List<String> lines =
                run("--switches", "2", "--roll-back", "2", "--clients", "32", "--bake-ms", "1000", "--warm-ms", "1500");
        assertThat(lines.get(lines.size() - 1))
                .as(String.join("\n", lines))
                .startsWith("{\"switches\":2,\"rolled_back\":")
                .contains("\"failed\":0,\"lost\":0,");
        assertThat(lines).anySatisfy(line -> assertThat(line).startsWith("  back "));
        assertThat(lines).anySatisfy(line -> assertThat(line).startsWith("switch 2 to "));
        System.out.println(String.join("\n", lines));
    }

    @Test
    void shouldRollBackAVersionThatIsSlower() throws Exception {
        List<String> lines =
                run("--switches", "1", "--clients", "16", "--bake-ms", "2000", "--warm-ms", "1500", "--slow-ms", "300");
        assertThat(lines.get(lines.size() - 1))
                .as(String.join("\n", lines))
                .startsWith("{\"switches\":1,\"rolled_back\":1,")
                .contains("\"failed\":0,\"lost\":0,");
        assertThat(lines)
                .anySatisfy(line ->
                        assertThat(line).contains("ROLLED_BACK live=blue").contains("slower"));
    }

    @Test
    void shouldRefuseOptionsThatItDoesNotKnow() {
        assertThatThrownBy(() -> new Drill(System.out).parse("--fast", "1"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("--fast");
    }

    @Test
    void shouldTakePortsThatTheKernelGivesToNoOutgoingConnection() throws Exception {
        String range = Files.readAllLines(Path.of("/proc/sys/net/ipv4/ip_local_port_range")) // at one go, or it is cut
                .get(0);
        for (int i = 0; i < 100; i++) {
            assertThat(Instances.freePort()).isLessThan(new Scanner(range).nextInt());
        }
    }

    private static List<String> run(String... words) throws Exception {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        boolean good;
        try (PrintStream out = new PrintStream(text, true, StandardCharsets.UTF_8)) {
            Drill drill = new Drill(out);
            drill.parse(words);
            good = drill.run();
        }
        List<String> lines = text.toString(StandardCharsets.UTF_8).lines().toList();
        assertThat(good).as(String.join("\n", lines)).isTrue();
        return lines;
    }
}
