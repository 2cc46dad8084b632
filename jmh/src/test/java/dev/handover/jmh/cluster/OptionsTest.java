package dev.handover.jmh.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class OptionsTest {
    @Test
    void shouldTakeWhatIsAskedForAndDefaultTheRest() {
        Options options = Options.parse(List.of("--systems", "handover,aeron", "--windows", "1,64", "--seconds", "3"));

        assertThat(options.systems()).containsExactly("handover", "aeron");
        assertThat(options.windows()).containsExactly(1, 64);
        assertThat(options.seconds()).isEqualTo(3);
        assertThat(options.sizes()).containsExactly(256);
        assertThat(options.replicas()).containsExactly(3);
        assertThat(options.takeOverJvm()).containsExactly("-XX:TieredStopAtLevel=1");
    }

    @Test
    void shouldTakeOptionsForTheJvmsOfTakeOvers() {
        Options options = Options.parse(List.of("--take-overs", "3", "--take-over-jvm", " -Xint  -Xmx64m "));

        assertThat(options.takeOvers()).isEqualTo(3);
        assertThat(options.takeOverJvm()).containsExactly("-Xint", "-Xmx64m");
        assertThat(Options.parse(List.of("--take-over-jvm", "")).takeOverJvm()).isEmpty();
    }

    @Test
    void shouldNameWhatItDoesNotUnderstand() {
        assertThatThrownBy(() -> Options.parse(List.of("--systems", "etcd")))
                .hasMessageContaining("'etcd'")
                .hasMessageContaining("handover");
        assertThatThrownBy(() -> Options.parse(List.of("--windows", "0"))).hasMessageContaining("--windows 0");
        assertThatThrownBy(() -> Options.parse(List.of("--seconds", "ten"))).hasMessageContaining("'ten'");
        assertThatThrownBy(() -> Options.parse(List.of("--fast", "1"))).hasMessageContaining("--fast");
        assertThatThrownBy(() -> Options.parse(List.of("--seconds"))).hasMessageContaining("--seconds");
    }
}
