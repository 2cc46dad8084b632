package dev.handover.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PartsTest {
    @TempDir
    Path directory;

    @Test
    void shouldMeasureTheLongestGapAroundAKill() {
        Acknowledgements.Times times = new Acknowledgements().withTimes();
        for (long at : new long[] {10, 20, 35, 70, 75, 200, 201}) {
            times.acknowledged(at);
        }
        assertThat(times.longestGap(36, 100)).isEqualTo(125); // 75 to 200 begins before 100
        assertThat(times.longestGap(36, 72)).isEqualTo(35); // 35 to 70 contains the kill at 36
        assertThat(times.longestGap(71, 74)).isEqualTo(5);
        assertThat(times.longestGap(201, 300)).isZero();
        assertThat(times.anyAfter(200)).isTrue();
        assertThat(times.anyAfter(201)).isFalse();
        assertThat(times.total()).isEqualTo(7);
    }

    @Test
    void shouldPrintTheSummaryAsPromised() {
        Round first = new Round(1, java.time.LocalTime.MIDNIGHT, "a", "b", 2, 8_000_000, 11_000_000, 0, true, 1);
        Round second = new Round(2, java.time.LocalTime.MIDNIGHT, "b", "c", 3, 9_260_000, 30_000_000, 0, true, 1);
        Audit audit = new Audit(List.of("x"), List.of("y", "z"), List.of());
        assertThat(Summary.of(List.of(first, second), 42, audit).json())
                .isEqualTo(
                        "{\"rounds\":2,\"acknowledged\":42,\"lost\":1,\"duplicated\":2,"
                                + "\"takeover_ms\":{\"median\":8.6,\"max\":9.3},\"client_gap_ms\":{\"median\":20.5,\"max\":30.0}}");
        assertThat(Summary.Spread.of(List.of(3_000_000L, 1_000_000L, 2_000_000L)))
                .isEqualTo(new Summary.Spread(2, 3));
    }

    @Test
    void shouldFindTheLeaderOfTheHighestEpochOnlyOnceItServes() {
        Optional<NodeInfo> old = Optional.of(new NodeInfo("a", "LEADER", 1, List.of("a", "b"), 5));
        Optional<NodeInfo> reconciling = Optional.of(new NodeInfo("b", "RECONCILING", 2, List.of("b"), 5));
        Optional<NodeInfo> serving = Optional.of(new NodeInfo("b", "LEADER", 2, List.of("b"), 6));
        assertThat(Observer.leader(List.of(old, Optional.empty()))).isEqualTo(old);
        assertThat(Observer.leader(List.of(old, reconciling))).isEmpty();
        assertThat(Observer.leader(List.of(old, serving))).isEqualTo(serving);
        assertThat(Observer.leader(List.of())).isEmpty();
    }

    @Test
    void shouldReadInfo() {
        NodeInfo info = NodeInfo.parse(
                "# Replication\r\nrole:master\r\nnode:a\r\nstate:LEADER\r\nepoch:3\r\nin_sync:a,b\r\napplied_index:17\r\n");
        assertThat(info).isEqualTo(new NodeInfo("a", "LEADER", 3, List.of("a", "b"), 17));
        assertThatThrownBy(() -> NodeInfo.parse("node:a\r\nin_sync:\r\n"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("state");
    }

    @Test
    void shouldReadTheCommandLine() throws Exception {
        Path jar = Files.createFile(directory.resolve("kv-server.jar"));
        Options options =
                Options.parse(List.of("--rounds", "7", "--writers", "0"), here(jar, Map.of("COLUMNS", "132")));
        assertThat(options.rounds()).isEqualTo(7);
        assertThat(options.writers()).isZero();
        assertThat(options.width()).isEqualTo(132);
        assertThat(options.color()).isTrue();
        assertThat(options.live()).isTrue();
        assertThat(Options.parse(List.of("--plain"), here(jar, Map.of("NO_COLOR", "1")))
                        .color())
                .isFalse();
        assertThat(Options.parse(List.of(), here(jar, Map.of("TERM", "dumb"))).live())
                .isFalse();
        for (List<String> wrong : List.of(
                List.of("--rounds", "0"),
                List.of("--rounds", "x"),
                List.of("--rounds"),
                List.of("--writers", "257"),
                List.of("--what"))) {
            assertThatThrownBy(() -> Options.parse(wrong, here(jar, Map.of())))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(wrong.get(wrong.size() - 1));
        }
        assertThatThrownBy(() -> Options.parse(List.of(), here(directory.resolve("none"), Map.of())))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("none");
    }

    @Test
    void shouldTakeDifferentPortsBelowThoseOfOutgoingConnections() throws Exception {
        assertThat(Ports.free(6)).doesNotHaveDuplicates().hasSize(6).allSatisfy(address -> assertThat(address.getPort())
                .isBetween(20_000, 31_999));
    }

    private static Options.Environment here(Path jar, Map<String, String> variables) {
        return new Options.Environment() {
            @Override
            public String variable(String name) {
                return variables.getOrDefault(name, "");
            }

            @Override
            public boolean terminal() {
                return true;
            }

            @Override
            public Path defaultJar() {
                return jar;
            }
        };
    }
}
