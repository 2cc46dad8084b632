package dev.handover.examples.kv.resp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.examples.kv.RawClient;
import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Every command, by its words and Redis' answers. */
class CommandsTest extends RespServerFixture {
    private RawClient client;

    @BeforeEach
    void connect() throws IOException {
        client = client();
    }

    @AfterEach
    void disconnect() throws IOException {
        client.close();
    }

    private void expect(String reply, String... words) throws IOException {
        assertThat(client.call(words)).as(String.join(" ", words)).isEqualTo(reply);
    }

    @Test
    void shouldAnswerPingAndEcho() throws IOException {
        expect("+PONG", "PING");
        expect("\"hello\"", "ping", "hello");
        expect("\"x\"", "ECHO", "x");
        expect("-ERR wrong number of arguments for 'echo' command", "ECHO");
        expect("-ERR wrong number of arguments for 'ping' command", "PING", "a", "b");
    }

    @Test
    void shouldSetWithConditions() throws IOException {
        expect("nil", "GET", "k");
        expect("nil", "SET", "k", "v", "XX");
        expect("+OK", "SET", "k", "v", "NX");
        expect("nil", "SET", "k", "w", "nx");
        expect("\"v\"", "GET", "k");
        expect("+OK", "SET", "k", "w", "xx");
        expect("\"w\"", "GET", "k");
        expect("-ERR syntax error", "SET", "k", "v", "EX", "10");
        expect("-ERR syntax error", "SET", "k", "v", "NX", "XX");
        expect("-ERR wrong number of arguments for 'set' command", "SET", "k");
        expect("\"w\"", "GET", "k");
    }

    @Test
    void shouldCountAndRemove() throws IOException {
        expect("+OK", "MSET", "a", "1", "b", "2", "a", "3");
        expect("\"3\"", "GET", "a");
        expect(":3", "EXISTS", "a", "b", "b", "c");
        expect(":2", "DBSIZE");
        expect("[\"3\", nil, \"2\"]", "MGET", "a", "c", "b");
        expect(":2", "DEL", "a", "b", "a");
        expect(":0", "DBSIZE");
        expect("-ERR wrong number of arguments for 'mset' command", "MSET", "a", "1", "b");
        expect("-ERR wrong number of arguments for 'mget' command", "MGET");
    }

    @Test
    void shouldAddLikeRedis() throws IOException {
        expect(":1", "INCR", "n");
        expect(":11", "INCRBY", "n", "10");
        expect(":10", "DECR", "n");
        expect(":-5", "DECRBY", "n", "15");
        expect("\"-5\"", "GET", "n");
        expect("-ERR value is not an integer or out of range", "INCRBY", "n", "1x");
        expect("-ERR value is not an integer or out of range", "INCRBY", "n", "9223372036854775808");
        expect("-ERR decrement would overflow", "DECRBY", "n", "-9223372036854775808");
        expect("+OK", "SET", "n", "9223372036854775807");
        expect("-ERR increment or decrement would overflow", "INCR", "n");
        expect("+OK", "SET", "n", "-9223372036854775808");
        expect("-ERR increment or decrement would overflow", "DECR", "n");
        for (String text : new String[] {"", "+1", " 1", "01", "-0", "1.5", "abc", "99999999999999999999"}) {
            expect("+OK", "SET", "n", text);
            expect("-ERR value is not an integer or out of range", "INCR", "n");
            expect("\"" + text + "\"", "GET", "n");
        }
    }

    @Test
    void shouldAppendAndMeasure() throws IOException {
        expect(":0", "STRLEN", "s");
        expect(":3", "APPEND", "s", "abc");
        expect(":5", "APPEND", "s", "de");
        expect(":5", "STRLEN", "s");
        expect("\"abcde\"", "GET", "s");
    }

    @Test
    void shouldCompareAndSet() throws IOException {
        expect(":0", "CAS", "k", "", "v");
        expect("nil", "GET", "k");
        expect("+OK", "SET", "k", "1");
        expect(":0", "CAS", "k", "2", "3");
        expect(":1", "CAS", "k", "1", "3");
        expect("\"3\"", "GET", "k");
        expect("-ERR wrong number of arguments for 'cas' command", "CAS", "k", "1");
    }

    @Test
    void shouldRefuseWhatItDoesNotKnow() throws IOException {
        expect("-ERR unknown command 'FLUSHALL', with args beginning with: ", "FLUSHALL");
        expect("-ERR unknown command 'a??b', with args beginning with: 'x' 'y' ", "a\r\nb", "x", "y");
        expect("+PONG", "PING");
    }

    @Test
    void shouldAnswerWhatClientsAskAtTheStart() throws IOException {
        expect("+OK", "SELECT", "0");
        expect("-ERR DB index is out of range", "SELECT", "1");
        expect("-ERR invalid DB index", "SELECT", "x");
        expect("nil", "CLIENT", "GETNAME");
        expect("+OK", "CLIENT", "SETNAME", "me");
        expect("\"me\"", "CLIENT", "GETNAME");
        expect("-ERR Client names cannot contain spaces, newlines or special characters.", "CLIENT", "SETNAME", "a b");
        expect("+OK", "CLIENT", "SETINFO", "LIB-NAME", "test");
        expect("-ERR Unrecognized option 'x'", "CLIENT", "SETINFO", "x", "y");
        assertThat(client.call("CLIENT", "ID")).matches(":\\d+");
        assertThat(client.call("CLIENT", "LIST")).contains("name=me").contains("lib-name=test");
        expect("[\"appendonly\", \"yes\"]", "CONFIG", "GET", "appendonly");
        expect("[\"save\", \"\"]", "CONFIG", "GET", "save");
        expect("[]", "CONFIG", "GET", "nothing*");
        assertThat(client.call("CONFIG", "GET", "max*")).contains("maxclients").contains("maxmemory");
        assertThat(client.call("CONFIG", "SET", "save", "")).startsWith("-ERR unknown subcommand");
        assertThat(client.call("COMMAND", "COUNT")).matches(":\\d+");
        expect("[[\"get\", :2, [+readonly, +fast], :1, :1, :1], nil]", "COMMAND", "INFO", "get", "nope");
        assertThat(client.call("COMMAND")).contains("\"mset\", :-3, [+write, +denyoom], :1, :-1, :2");
        assertThat(client.call("COMMAND", "DOCS", "cas")).contains("CAS key expected new");
        expect("+OK", "READONLY");
        expect("+OK", "READWRITE");
    }

    @Test
    void shouldSumUpWhatItHolds() throws IOException {
        String empty = client.call("HANDOVER", "DIGEST");
        assertThat(empty).matches("\"[0-9a-f]{32}\"");
        expect("+OK", "SET", "k", "v");
        assertThat(client.call("handover", "digest")).isNotEqualTo(empty).isEqualTo("\"" + store.digest() + "\"");
        expect(":1", "DEL", "k");
        expect(empty, "HANDOVER", "DIGEST");
        assertThat(client.call("HANDOVER", "DANCE")).startsWith("-ERR unknown subcommand");
    }

    @Test
    void shouldRemoveAndAdmitMembers() throws IOException {
        expect("+OK b is removed in epoch 7", "HANDOVER", "REMOVE", "b");
        expect("+OK b may come in epoch 7", "handover", "admit", "b");
        assertThat(client.call("HANDOVER", "REMOVE", "a")).startsWith("-").contains("hand the leadership over first");
        assertThat(client.call("HANDOVER", "REMOVE")).startsWith("-ERR wrong number of arguments");
        assertThat(client.call("HANDOVER", "ADMIT", "b", "c")).startsWith("-ERR wrong number of arguments");
        assertThat(client.call("HANDOVER", "REMOVE", "not a name!")).startsWith("-ERR");
    }

    @Test
    void shouldTellItsRole() throws IOException {
        expect("+OK", "SET", "k", "v");
        expect("[\"master\", :1, []]", "ROLE");
        assertThat(client.call("INFO"))
                .contains("# Server\r\n", "redis_version:", "connected_clients:1\r\n", "db0:keys=1,expires=0");
        assertThat(client.call("INFO", "replication"))
                .contains("role:master\r\n", "connected_slaves:0\r\n", "epoch:7\r\n", "leader:a\r\n", "in_sync:a\r\n")
                .contains("redundancy:last_copy\r\n", "missing:\r\n", "min_in_sync:1\r\n")
                .contains("commit_index:1\r\n", "applied_index:1\r\n", "lag:0\r\n")
                .doesNotContain("# Server");
        assertThat(client.call("INFO", "persistence"))
                .contains("# Persistence\r\n", "snapshot_in_progress:0\r\n", "snapshot_last_index:0\r\n")
                .contains("snapshot_last_time:0\r\n", "snapshot_receiving:\r\n", "snapshots_sending:0\r\n");
    }

    @Test
    void shouldSpeakBothVersionsOfTheProtocol() throws IOException {
        assertThat(client.call("HELLO")).startsWith("[\"server\", \"redis\", ").contains("\"proto\", :2");
        expect("-NOPROTO unsupported protocol version", "HELLO", "4");
        assertThat(client.call("HELLO", "3", "SETNAME", "x"))
                .startsWith("{\"server\"=\"redis\", ")
                .contains("=:3");
        client.send(RawClient.command("GET", "missing"));
        assertThat(client.reply()).isEqualTo("nil");
        expect("{\"appendonly\"=\"yes\"}", "CONFIG", "GET", "appendonly");
        assertThat(client.call("INFO", "clients")).startsWith("\"# Clients\r\n");
        expect("\"x\"", "CLIENT", "GETNAME");
        assertThat(client.call("HELLO", "2", "AUTH", "u", "p")).startsWith("-ERR AUTH");
        assertThat(client.call("HELLO", "2")).startsWith("[\"server\"");
    }

    @Test
    void shouldCloseAfterQuit() throws IOException {
        client.send(RawClient.command("QUIT"));
        client.send(RawClient.command("SET", "k", "v"));
        assertThat(client.untilClosed()).containsExactly("+OK");
        try (RawClient other = client()) {
            assertThat(other.call("GET", "k")).isEqualTo("nil");
        }
    }

    @Test
    void shouldAnswerInlineCommands() throws IOException {
        client.send("SET k \"a b\\x00\\n\"\r\n\r\nGET k\r\n");
        assertThat(client.reply()).isEqualTo("+OK");
        assertThat(client.reply()).isEqualTo("\"a b\0\n\"");
    }
}
