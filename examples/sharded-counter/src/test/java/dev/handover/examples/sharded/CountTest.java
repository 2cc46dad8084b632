package dev.handover.examples.sharded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CountTest {
    @ParameterizedTest
    @ValueSource(strings = {"key/1", "k-\u00fc.7/999999999999999999"})
    void shouldTakeWhatTheCountersCanApply(String path) {
        Instance.Count count = Instance.Count.of(path);
        byte[] command = Counters.bytes(count.key() + " " + count.next());
        assertThat(new Counters().apply(new dev.handover.replication.Command(1, 1, 0, command)))
                .isEqualTo((count.next() == 1 ? "1" : "0").getBytes(StandardCharsets.UTF_8));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "key", "key/", "/1", "key/one", "key/-1", "key/1/2", "two words/1", "key/9999999999999999999"
            })
    void shouldLetNothingElseIntoTheLog(String path) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Instance.Count.of(path))
                .withMessageContaining("POST /KEY/N");
    }
}
