package dev.handover.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class ScreenTest {
    private static final Progress.Frame FRAME = new Progress.Frame(
            2,
            5,
            "waiting until a is in sync again",
            List.of("a", "b", "c"),
            List.of(
                    Optional.empty(),
                    Optional.of(new NodeInfo("b", "LEADER", 7, List.of("b", "c"), 12_345)),
                    Optional.of(new NodeInfo("c", "FOLLOWER", 7, List.of("b", "c"), 12_340))),
            12_000,
            3_456,
            OptionalLong.of(8_140_000),
            OptionalLong.empty(),
            12_000_000_000L);

    @Test
    void shouldShowWhoLeadsAndWhatIsGoingOn() {
        assertThat(new Screen(100, false).draw(FRAME))
                .containsExactly(
                        "[############------------------] 2/5  waiting until a is in sync again",
                        "  a  down",
                        "  b  leader       epoch 7     in sync      applied 12,345",
                        "  c  follower     epoch 7     in sync      applied 12,340",
                        "leader b   epoch 7   in sync {b,c}",
                        "12,000 writes acknowledged   3,456/s",
                        "last take-over 8.1 ms   client gap -   12 s");
    }

    @Test
    void shouldFitNarrowTerminals() {
        assertThat(new Screen(24, false).draw(FRAME))
                .allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(24));
        assertThat(new Screen(24, true).draw(FRAME))
                .allSatisfy(line ->
                        assertThat(line.replaceAll("\u001b\\[[0-9]*m", "")).hasSizeLessThanOrEqualTo(24));
    }

    @Test
    void shouldUseColoursOnlyWhenAsked() {
        assertThat(String.join("", new Screen(80, false).draw(FRAME))).doesNotContain("\u001b");
        assertThat(new Screen(80, true).draw(FRAME).get(1)).isEqualTo("\u001b[31m  a  down\u001b[0m");
    }

    @Test
    void shouldSayThatNobodyLeads() {
        Progress.Frame frame = new Progress(3, List.of("a")).frame();
        assertThat(new Screen(80, false).draw(frame)).contains("no leader", "0 writes acknowledged   0/s");
    }

    @Test
    void shouldRedrawOverTheOldPictureAndGiveTheTerminalBack() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        Display display =
                new Display(new PrintStream(bytes, true, StandardCharsets.UTF_8), true, new Screen(80, false));
        display.draw(FRAME);
        display.draw(FRAME);
        display.line("a line that stays");
        display.close();
        display.close();
        display.draw(FRAME);
        display.line("the end");
        String text = bytes.toString(StandardCharsets.UTF_8);
        assertThat(text).startsWith("\u001b[?25l").endsWith("\u001b[?7h\u001b[?25hthe end" + System.lineSeparator());
        assertThat(text.split("\u001b\\[7A", -1))
                .hasSize(3); // up seven lines: once for the second picture, once for the line
    }

    @Test
    void shouldPrintOnlyLinesWithoutATerminal() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        Display display =
                new Display(new PrintStream(bytes, true, StandardCharsets.UTF_8), false, new Screen(80, true));
        display.draw(FRAME);
        display.line("one");
        display.close();
        assertThat(bytes.toString(StandardCharsets.UTF_8)).isEqualTo("one" + System.lineSeparator());
    }
}
