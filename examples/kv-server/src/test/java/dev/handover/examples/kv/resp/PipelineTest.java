package dev.handover.examples.kv.resp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.NotLeaderException;
import dev.handover.OutcomeUnknownException;
import dev.handover.OverloadedException;
import dev.handover.RedundancyException;
import dev.handover.ReplicaClosedException;
import dev.handover.examples.kv.RawClient;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;

/** Order, bounds, time-outs and errors of a connection. */
class PipelineTest extends RespServerFixture {
    private static final int MANY = 5000;

    @Test
    void shouldAnswerAPipelineInOrderAndReadItsOwnWrites() throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (int i = 0; i < MANY; i++) {
            all.writeBytes(RawClient.command("INCR", "n"));
            if (i % 100 == 0) {
                all.writeBytes(RawClient.command("GET", "n"));
                all.writeBytes(RawClient.command("PING", "p" + i));
            }
        }
        try (RawClient client = client()) {
            Thread sender = sending(client, all.toByteArray());
            for (int i = 0; i < MANY; i++) {
                assertThat(client.reply()).isEqualTo(":" + (i + 1));
                if (i % 100 == 0) {
                    assertThat(client.reply()).isEqualTo("\"" + (i + 1) + "\"");
                    assertThat(client.reply()).isEqualTo("\"p" + i + "\"");
                }
            }
            join(sender);
        }
    }

    @Test
    void shouldSendTheWritesOfAPipelineTogether() throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (int i = 0; i < 100; i++) {
            all.writeBytes(RawClient.command("SET", "k" + i, "v"));
        }
        try (RawClient client = client()) {
            client.send(all.toByteArray());
            for (int i = 0; i < 100; i++) {
                assertThat(client.reply()).isEqualTo("+OK");
            }
        }
        assertThat(log.submits.get()).isLessThanOrEqualTo(5);
    }

    @Test
    void shouldStopReadingFromAClientWithTooMuchUnderWayAndGoOnLater() throws IOException {
        byte[] incr = RawClient.command("INCR", "n");
        byte[] chunk = new byte[incr.length * 1000];
        for (int i = 0; i < 1000; i++) {
            System.arraycopy(incr, 0, chunk, i * incr.length, incr.length);
        }
        int chunks = 400; // eleven MB of commands, of which the server takes in but a part
        log.hold();
        try (RawClient client = client()) {
            Thread sender = new Thread(() -> {
                try {
                    for (int i = 0; i < chunks; i++) {
                        client.send(chunk);
                    }
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            });
            sender.start();
            await(() -> log.heldBack() == 1 && server.info().commands.sum() >= Limits.MAX_WAITING);
            long taken = settled();
            assertThat(taken).isLessThan(chunks * 1000L / 2);
            assertThat(server.budget().used()).isLessThan(taken * 400);
            log.release();
            for (int i = 0; i < chunks * 1000; i++) {
                assertThat(client.reply()).isEqualTo(":" + (i + 1));
            }
            join(sender);
        }
        assertThat(server.budget().used()).isZero();
    }

    @Test
    void shouldAnswerEverythingWithinTheTimeout() throws IOException {
        restart(Duration.ofMillis(300), 100);
        log.hold();
        try (RawClient client = client()) {
            long start = System.nanoTime();
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            all.writeBytes(RawClient.command("SET", "k", "v"));
            all.writeBytes(RawClient.command("GET", "k"));
            all.writeBytes(RawClient.command("SET", "k", "w"));
            all.writeBytes(RawClient.command("PING"));
            client.send(all.toByteArray());
            assertThat(client.reply()).startsWith("-UNCERTAIN ");
            assertThat(client.reply()).startsWith("-TRYAGAIN ");
            assertThat(client.reply()).startsWith("-TRYAGAIN ");
            assertThat(client.reply()).isEqualTo("+PONG");
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(2));
            assertThat(log.submits.get()).isEqualTo(1);
            log.release();
            assertThat(client.call("GET", "k")).isEqualTo("\"v\""); // the uncertain one was executed after all
        }
        assertThat(server.budget().used()).isZero();
    }

    @Test
    void shouldSayWhetherACommandMayHaveBeenExecuted() throws IOException {
        try (RawClient client = client()) {
            log.fail(new NotLeaderException("nobody leads"));
            assertThat(client.call("SET", "k", "v")).isEqualTo("-TRYAGAIN nobody leads");
            assertThat(client.call("GET", "k")).isEqualTo("-TRYAGAIN nobody leads");
            log.fail(new RedundancyException("one is too few"));
            assertThat(client.call("INCR", "k")).isEqualTo("-TRYAGAIN one is too few");
            log.fail(new OverloadedException("full\r\n"));
            assertThat(client.call("SET", "k", "v")).isEqualTo("-OVERLOADED full??");
            assertThat(client.call("GET", "k")).isEqualTo("-OVERLOADED full??");
            log.fail(new OutcomeUnknownException("who knows"));
            assertThat(client.call("SET", "k", "v")).isEqualTo("-UNCERTAIN who knows");
            assertThat(client.call("GET", "k")).isEqualTo("-TRYAGAIN who knows");
            log.fail(new ReplicaClosedException("closed"));
            assertThat(client.call("SET", "k", "v")).isEqualTo("-UNCERTAIN closed");
            log.fail(new IllegalStateException("bug"));
            assertThat(client.call("SET", "k", "v")).isEqualTo("-UNCERTAIN java.lang.IllegalStateException: bug");
            log.fail(null);
            assertThat(client.call("SET", "k", "v")).isEqualTo("+OK");
            assertThat(client.call("INFO", "stats"))
                    .contains("errors_tryagain:4\r\n", "errors_overloaded:2\r\n", "errors_uncertain:3\r\n");
        }
    }

    @Test
    void shouldReadLocallyOnlyWhenAskedTo() throws IOException {
        try (RawClient client = client();
                RawClient other = client()) {
            assertThat(client.call("SET", "k", "v")).isEqualTo("+OK");
            log.hold();
            assertThat(client.call("READONLY")).isEqualTo("+OK");
            assertThat(client.call("GET", "k")).isEqualTo("\"v\"");
            other.timeout(200);
            other.send(RawClient.command("GET", "k"));
            org.assertj.core.api.Assertions.assertThatThrownBy(other::reply).isInstanceOf(SocketTimeoutException.class);
            other.timeout(5000);
            log.release();
            assertThat(other.reply()).isEqualTo("\"v\"");
        }
    }

    @Test
    void shouldRefuseMoreClientsThanAllowed() throws IOException {
        restart(Duration.ofSeconds(5), 2);
        try (RawClient first = client();
                RawClient second = client()) {
            assertThat(first.call("PING")).isEqualTo("+PONG");
            assertThat(second.call("PING")).isEqualTo("+PONG");
            try (RawClient third = client()) {
                assertThat(third.untilClosed()).containsExactly("-ERR max number of clients reached");
            }
            assertThat(first.call("INFO", "stats")).contains("rejected_connections:1\r\n");
        }
        await(() -> {
            try (RawClient later = client()) {
                return later.call("PING").equals("+PONG");
            } catch (IOException e) {
                return false;
            }
        });
    }

    @Test
    void shouldAnswerAClientThatHasClosedItsSide() throws IOException {
        log.hold();
        try (RawClient client = client()) {
            client.send(RawClient.command("SET", "k", "v"));
            client.send(RawClient.command("GET", "k"));
            client.endInput();
            await(() -> log.heldBack() == 1);
            log.release();
            assertThat(client.untilClosed()).containsExactly("+OK", "\"v\"");
        }
    }

    @Test
    void shouldForgetAClientThatIsGone() throws IOException {
        log.hold();
        try (RawClient client = client()) {
            client.send(RawClient.command("SET", "k", "v"));
            await(() -> log.heldBack() == 1);
        }
        log.release();
        await(() -> server.budget().used() == 0 && server.info().clients.isEmpty());
    }

    @Test
    void shouldAnswerWhatHasArrivedWhenItStops() throws Exception {
        log.hold();
        try (RawClient client = client();
                RawClient idle = client()) {
            assertThat(idle.call("PING")).isEqualTo("+PONG");
            client.send(RawClient.command("SET", "k", "v"));
            await(() -> log.heldBack() == 1);
            assertThat(server.drain(Duration.ofMillis(50))).isFalse();
            log.release();
            assertThat(client.untilClosed()).containsExactly("+OK");
            assertThat(idle.untilClosed()).isEmpty();
            assertThat(server.drain(Duration.ofSeconds(5))).isTrue();
        }
    }

    private long settled() {
        List<Long> seen = new ArrayList<>();
        await(() -> {
            seen.add(server.info().commands.sum());
            int n = seen.size();
            return n > 20 && seen.get(n - 1).equals(seen.get(n - 20));
        });
        return seen.get(seen.size() - 1);
    }

    private static Thread sending(RawClient client, byte[] bytes) {
        Thread sender = new Thread(() -> {
            try {
                client.send(bytes);
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        });
        sender.start();
        return sender;
    }

    private static void join(Thread thread) {
        try {
            thread.join(10_000);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        assertThat(thread.isAlive()).isFalse();
    }

    private static void await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + 10_000_000_000L;
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("condition in time").isLessThan(deadline);
            try {
                Thread.sleep(5);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
    }
}
