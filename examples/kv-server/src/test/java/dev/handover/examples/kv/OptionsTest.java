package dev.handover.examples.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.replication.storage.StorageOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OptionsTest {
    private static final List<String> LEAST = List.of(
            "--id",
            "a",
            "--group",
            "kv",
            "--data",
            "/tmp/a",
            "--resp",
            "127.0.0.1:7001",
            "--peer",
            "[::1]:7101",
            "--zookeeper",
            "zk1:2181,zk2:2181");

    private static Options with(String... more) {
        List<String> all = new ArrayList<>(LEAST);
        all.addAll(List.of(more));
        return Options.parse(all);
    }

    private static Options instead(String name, String value) {
        List<String> all = new ArrayList<>(LEAST);
        int at = all.indexOf(name);
        if (at < 0) {
            all.addAll(List.of(name, value));
        } else {
            all.set(at + 1, value);
        }
        return Options.parse(all);
    }

    @Test
    void shouldFillInDefaults() {
        Options options = with();
        assertThat(options.id().value()).isEqualTo("a");
        assertThat(options.peer().getPort()).isEqualTo(7101);
        assertThat(options.zooKeeper()).isEqualTo("zk1:2181,zk2:2181");
        assertThat(options.timeout()).isEqualTo(Duration.ofSeconds(5));
        assertThat(options.failureTimeout()).isEqualTo(Duration.ofMillis(500));
        assertThat(options.maxClients()).isEqualTo(10000);
        assertThat(options.minInSync()).isEqualTo(1);
        assertThat(options.learner()).isFalse();
        assertThat(with("--learner", "yes").learner()).isTrue();
        assertThat(options.priority()).isZero();
        assertThat(with("--priority", "-5").priority()).isEqualTo(-5);
        assertThat(options.snapshotInterval()).isEqualTo(Duration.ofHours(1));
        assertThat(options.snapshotMargin()).isEqualTo(65_536);
        assertThat(options.storage()).isEqualTo(StorageOptions.defaults());
        assertThat(with("--segment-size", "4m", "--disk-reserve", "128k").storage())
                .isEqualTo(new StorageOptions(4 << 20, 128 << 10));
        assertThat(with("--timeout", "250ms", "--min-in-sync", "2").timeout()).isEqualTo(Duration.ofMillis(250));
    }

    @Test
    void shouldTakeAnEmbeddedZooKeeper() {
        assertThat(instead("--zookeeper", "embedded").zooKeeper()).isNull();
        assertThat(instead("--zookeeper", "embedded").embeddedPort()).isEqualTo(2181);
        assertThat(instead("--zookeeper", "embedded:0").embeddedPort()).isZero();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--id|a b|--id 'a b': node id 'a b' has the character ' ' at 1; use letters*",
                "--resp|7001|--resp '7001': expected HOST:PORT, such as 127.0.0.1:7001",
                "--resp|127.0.0.1:x|--resp '127.0.0.1:x': 'x' is not a number",
                "--peer|127.0.0.1:65536|--peer '127.0.0.1:65536': expected 0 to 65535",
                "--resp|no.such.host.invalid:1|--resp 'no.such.host.invalid:1': host 'no.such.host.invalid' is not known",
                "--zookeeper|embeded|--zookeeper 'embeded': expected HOST:PORT[,HOST:PORT...] or embedded[:PORT]*",
                "--timeout|5|--timeout '5': expected a number with ms, s or m, such as 500ms",
                "--timeout|1ms|--timeout '1ms': expected 50ms to 300000ms",
                "--max-clients|0|--max-clients '0': expected 1 to 1000000",
                "--min-in-sync|many|--min-in-sync 'many': 'many' is not a number",
                "--tls-certificate|a.crt|--tls-key is missing",
                "--ops-tls|yes|--ops-tls 'yes': needs --ops, and a certificate: --tls-certificate",
                "--learner|true|--learner 'true': expected yes or no",
                "--priority|1001|--priority '1001': expected -1000 to 1000",
                "--segment-size|64|--segment-size '64': expected a number with k, m or g, such as 64m",
                "--segment-size|1k|--segment-size '1k': expected 64k to 1048576k",
                "--data|''|--data '': expected a directory",
                "--wrong|x|unknown option '--wrong'"
            })
    void shouldNameTheWrongValue(String name, String value, String message) {
        assertThatThrownBy(() -> instead(name, value))
                .isInstanceOf(IllegalArgumentException.class)
                .satisfies(e -> assertThat(e.getMessage())
                        .matches(
                                message.endsWith("*")
                                        ? java.util.regex.Pattern.quote(message.substring(0, message.length() - 1))
                                                + ".*"
                                        : java.util.regex.Pattern.quote(message)));
    }

    @Test
    void shouldNameWhatIsMissingOrDoubled() {
        assertThatThrownBy(() -> Options.parse(List.of())).hasMessage("--zookeeper is missing");
        assertThatThrownBy(() -> with("--timeout")).hasMessage("--timeout has no value");
        assertThatThrownBy(() -> with("--id", "b")).hasMessage("--id is given twice");
    }
}
