package dev.handover.examples.kv.system;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The reckoning sees what it is there to see. */
class AuditTest {
    private final History history = new History();

    @Test
    void shouldAcceptWhatIsRight() {
        told("APPEND l 1,", ":2");
        lost("APPEND l 2,");
        told("APPEND l 3,", "-TRYAGAIN no leader");
        told("APPEND l 4,", "-UNCERTAIN it may be");
        told("INCR n", ":1");
        told("CAS r a b", ":0");
        told("SET r a", "+OK");
        told("CAS r a b", ":1");
        told("GET r", "\"b\"");
        told("DEL r", ":1");
        told("GET r", "nil");

        assertThatCode(() -> audit("l", "\"1,4,\"", "n", "\"1\"", "r", "nil")).doesNotThrowAnyException();
        assertThatCode(() -> audit("l", "\"1,2,4,\"", "n", "\"1\"", "r", "nil")).doesNotThrowAnyException();
    }

    @Test
    void shouldSeeALostAppend() {
        told("APPEND l 1,", ":2");
        told("APPEND l 2,", ":4");

        assertThatThrownBy(() -> audit("l", "\"1,\"")).hasMessageContaining("acknowledged tokens of l");
    }

    @Test
    void shouldSeeADoubledAppend() {
        told("APPEND l 1,", ":2");
        lost("APPEND l 2,");

        assertThatThrownBy(() -> audit("l", "\"1,2,2,\"")).hasMessageContaining("each once");
    }

    @Test
    void shouldSeeACommandThatWasExecutedAndRefused() {
        told("APPEND l 1,", "-TRYAGAIN no leader");
        told("APPEND l 2,", ":2");

        assertThatThrownBy(() -> audit("l", "\"1,2,\"")).isInstanceOf(AssertionError.class);
    }

    @Test
    void shouldSeeLostAndDoubledNumbers() {
        told("INCR n", ":1");
        told("INCR n", ":2");

        assertThatThrownBy(() -> audit("n", "\"1\"")).hasMessageContaining("INCRs");
        assertThatThrownBy(() -> audit("n", "\"3\"")).hasMessageContaining("INCRs");
        told("INCR n", ":2");
        assertThatThrownBy(() -> audit("n", "\"3\"")).hasMessageContaining("numbers that clients got");
    }

    @Test
    void shouldSeeAStaleRead() {
        told("SET r a", "+OK");
        told("SET r b", "+OK");
        told("GET r", "\"a\"");

        assertThatThrownBy(() -> audit("r", "\"b\"")).hasMessageContaining("not linearizable");
    }

    @Test
    void shouldSeeAnErrorThatNoCommandMayCause() {
        told("SET r a", "-ERR Protocol error");

        assertThatThrownBy(() -> audit("r", "nil")).hasMessageContaining("errors that no command may cause");
    }

    private void told(String request, String reply) {
        history.replied("client", "a", Request.of(request.split(" ")), reply, System.nanoTime());
    }

    private void lost(String request) {
        history.lost("client", "a", Request.of(request.split(" ")), new IOException("reset"), System.nanoTime());
    }

    private void audit(String... keysAndReplies) {
        Map<String, String> values = new HashMap<>();
        for (int i = 0; i < keysAndReplies.length; i += 2) {
            values.put(keysAndReplies[i], keysAndReplies[i + 1]);
        }
        Audit.answers(history, values);
    }
}
