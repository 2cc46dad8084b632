package dev.handover.examples.kv.resp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.examples.kv.RawClient;
import dev.handover.examples.kv.store.KvStateMachine;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bytes on the wire: cut anywhere, too long, or not the protocol at all. */
class ProtocolTest extends RespServerFixture {
    private static final int MIB = 1024 * 1024;

    @Test
    void shouldUnderstandACommandCutAtEveryByte() throws IOException {
        byte[] bytes = RawClient.command("SET", "key\0\r\n", "value\r\n$5\r\n*");
        for (int cut = 1; cut < bytes.length; cut++) {
            try (RawClient client = client()) {
                client.send(bytes, 0, cut);
                client.send(bytes, cut, bytes.length - cut);
                assertThat(client.reply()).as("cut at %d", cut).isEqualTo("+OK");
                assertThat(client.call("GET", "key\0\r\n")).isEqualTo("\"value\r\n$5\r\n*\"");
            }
        }
    }

    @Test
    void shouldUnderstandCommandsByteByByte() throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(RawClient.command("SET", "k", ""));
        all.writeBytes(RawClient.command("APPEND", "k", "xyz"));
        all.writeBytes("GET k\r\n".getBytes(StandardCharsets.US_ASCII));
        all.writeBytes(RawClient.command("PING"));
        try (RawClient client = client()) {
            for (byte b : all.toByteArray()) {
                client.send(new byte[] {b});
            }
            assertThat(List.of(client.reply(), client.reply(), client.reply(), client.reply()))
                    .containsExactly("+OK", ":3", "\"xyz\"", "+PONG");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "*x\r\n",
                "*1\r\n:1\r\n",
                "*1\r\n+OK\r\n",
                "*1\r\n*1\r\n",
                "*1\r\nPING\r\n",
                "*1\r\n$-1\r\n",
                "*1\r\n$-2\r\n",
                "*-2\r\n",
                "*1\r\n$4\r\nPINGxx",
                "*1\r\n$8388609\r\n",
                "*1\r\n$99999999999999999999999\r\n",
                "*65537\r\n",
                "*999999999\r\n",
                "*4\r\n$8388608\r\n",
                "$4\r\nPING\r\n",
                ":1\r\n",
                "+OK\r\n",
                "-ERR\r\n",
                "PING \"x\r\n",
                "PING 'x'y\r\n",
                "*1000000000000000000000000000",
                "\n\n"
            })
    void shouldAnswerMalformedInputWithAProtocolErrorAndClose(String text) throws IOException {
        try (RawClient client = client()) {
            client.send(RawClient.command("SET", "k", "v"));
            if (text.startsWith("*4")) { // three of the longest values are too much for one command
                client.send("*4\r\n");
                for (int i = 0; i < 2; i++) {
                    client.send("$8388608\r\n");
                    client.send(new byte[8 * MIB]);
                    client.send("\r\n");
                }
                client.send("$8388608\r\n");
            } else {
                client.send(text);
            }
            List<String> replies = client.untilClosed();
            assertThat(replies).hasSize(2);
            assertThat(replies.get(0)).isEqualTo("+OK");
            assertThat(replies.get(1)).startsWith("-ERR Protocol error: ");
        }
        assertThat(server.budget().used()).isZero();
    }

    @Test
    void shouldNotLoseTheErrorWhenTheClientGoesOnSending() throws IOException {
        for (int round = 0; round < 20; round++) {
            try (RawClient client = client()) {
                client.send("*1\r\n:1\r\n");
                client.send(new byte[512 * 1024]);
                assertThat(client.untilClosed()).hasSize(1);
            }
        }
    }

    @Test
    void shouldNeverAllocateWhatWasOnlyAnnounced() throws IOException {
        List<RawClient> clients = new ArrayList<>();
        try {
            for (int i = 0; i < 50; i++) {
                RawClient client = client();
                clients.add(client);
                client.send("*65536\r\n$8388608\r\nx");
            }
            for (RawClient client : clients) {
                client.send("y"); // it has been decoded when a later byte of another client has been answered
            }
            try (RawClient other = client()) {
                assertThat(other.call("PING")).isEqualTo("+PONG");
            }
            assertThat(server.budget().used()).isLessThan(50 * 1024);
        } finally {
            for (RawClient client : clients) {
                client.close();
            }
        }
    }

    @Test
    void shouldDropCommandsBeyondTheMemoryBudgetAndSayThatTheyWereNotExecuted() throws IOException {
        long all = server.budget().limit();
        assertThat(server.budget().take(all)).isTrue();
        try (RawClient client = client()) {
            client.send(RawClient.command(List.of(
                    "SET".getBytes(StandardCharsets.US_ASCII),
                    "k".getBytes(StandardCharsets.US_ASCII),
                    new byte[MIB])));
            assertThat(client.reply()).startsWith("-OVERLOADED ");
            server.budget().giveBack(all);
            assertThat(client.call("GET", "k")).isEqualTo("nil");
            assertThat(client.call("PING")).isEqualTo("+PONG");
        }
        assertThat(server.budget().used()).isZero();
    }

    @Test
    void shouldKeepTheLongestKeysAndValues() throws IOException {
        byte[] key = new byte[KvStateMachine.MAX_KEY_BYTES];
        byte[] value = new byte[KvStateMachine.MAX_VALUE_BYTES];
        new Random(1).nextBytes(key);
        new Random(2).nextBytes(value);
        byte[] get = "GET".getBytes(StandardCharsets.US_ASCII);
        byte[] set = "SET".getBytes(StandardCharsets.US_ASCII);
        byte[] append = "APPEND".getBytes(StandardCharsets.US_ASCII);
        byte[] cas = "CAS".getBytes(StandardCharsets.US_ASCII);
        try (RawClient client = client()) {
            client.send(RawClient.command(List.of(set, key, value)));
            assertThat(client.reply()).isEqualTo("+OK");
            client.send(RawClient.command(List.of(get, key)));
            assertThat(client.bulk()).isEqualTo(value);
            byte[] other = value.clone();
            other[0]++;
            client.send(RawClient.command(List.of(cas, key, value, other)));
            assertThat(client.reply()).isEqualTo(":1");
            client.send(RawClient.command(List.of(append, key, new byte[] {1})));
            assertThat(client.reply()).isEqualTo("-ERR string exceeds maximum allowed size (8388608 bytes)");
            client.send(RawClient.command(List.of(get, Arrays.copyOf(key, key.length + 1))));
            assertThat(client.reply()).isEqualTo("-ERR key of 65537 bytes is too long: use at most 65536");
        }
        assertThat(server.budget().used()).isZero();
    }

    @Test
    void shouldSendManyLongAnswersToAClientThatReadsSlowlyWithoutHoldingCopies() throws IOException {
        byte[] value = new byte[4 * MIB];
        new Random(3).nextBytes(value);
        byte[] set = "SET".getBytes(StandardCharsets.US_ASCII);
        byte[] key = "k".getBytes(StandardCharsets.US_ASCII);
        try (RawClient client = client()) {
            client.send(RawClient.command(List.of(set, key, value)));
            assertThat(client.reply()).isEqualTo("+OK");
            ByteArrayOutputStream gets = new ByteArrayOutputStream();
            for (int i = 0; i < 100; i++) {
                gets.writeBytes(RawClient.command("GET", "k"));
            }
            client.send(gets.toByteArray());
            for (int i = 0; i < 100; i++) {
                assertThat(Arrays.equals(client.bulk(), value)).isTrue();
            }
        }
    }

    @Test
    void shouldAnswerRandomBytesWithRepliesOrAnErrorAndStayWell() throws IOException {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        byte[] alphabet = "*$:+-0123456789\r\n\r\n\r\n \"'PINGSETGETkv\0\u00ff".getBytes(StandardCharsets.ISO_8859_1);
        for (int round = 0; round < 500; round++) {
            byte[] bytes = new byte[random.nextInt(200)];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] =
                        random.nextInt(10) == 0 ? (byte) random.nextInt() : alphabet[random.nextInt(alphabet.length)];
            }
            fuzz(bytes, "seed " + seed + " round " + round);
        }
    }

    @Test
    void shouldAnswerDamagedCommandsWithRepliesOrAnErrorAndStayWell() throws IOException {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int round = 0; round < 500; round++) {
            ByteArrayOutputStream commands = new ByteArrayOutputStream();
            commands.writeBytes(RawClient.command("MSET", "a", "1", "b", "22"));
            commands.writeBytes(RawClient.command("GET", "a"));
            commands.writeBytes(RawClient.command("INCR", "a"));
            byte[] bytes = commands.toByteArray();
            for (int i = 0; i <= random.nextInt(3); i++) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            fuzz(Arrays.copyOf(bytes, random.nextInt(bytes.length + 1)), "seed " + seed + " round " + round);
        }
    }

    /** Whatever was sent: well-formed replies, and the connection ends soon after the client's end. */
    private void fuzz(byte[] bytes, String description) throws IOException {
        try (RawClient client = client()) {
            try {
                client.send(bytes);
                client.endInput();
                List<String> replies = client.untilClosed();
                assertThat(replies.stream().filter(reply -> reply.startsWith("-ERR Protocol error")))
                        .as(description)
                        .hasSizeLessThanOrEqualTo(1);
            } catch (SocketException e) {
                assertThat(e).as(description).hasMessageMatching("(?s).*(reset|Broken pipe).*");
            }
        }
        try (RawClient client = client()) {
            assertThat(client.call("PING")).as(description).isEqualTo("+PONG");
        }
    }
}
