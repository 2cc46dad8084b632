package dev.handover.examples.kv.resp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.handover.examples.kv.RawClient;
import dev.handover.examples.kv.Waiting;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** How a server ends while clients still come. */
class RespServerCloseTest extends RespServerFixture {
    private static final Duration SOON = Duration.ofSeconds(5);

    private final ListAppender<ILoggingEvent> lines = new ListAppender<>();
    private final Logger root = (Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME);
    private final List<RawClient> clients = new ArrayList<>();

    @BeforeEach
    void listen() {
        lines.start();
        root.addAppender(lines);
    }

    @AfterEach
    void end() throws IOException {
        root.detachAppender(lines);
        for (RawClient client : clients) {
            client.close();
        }
    }

    /**
     * The listener's loop takes a connection that came before the close, and gives it to another loop. To have it do that late, it is held up by one client while another one sends, and then
     * a third one connects: both are found ready together, in that order, and the second one holds it up again.
     */
    @Test
    void shouldEndNoLoopBeforeTheListener() throws Exception {
        List<RawClient> onListenersLoop = new ArrayList<>();
        List<RawClient> onOthers = new ArrayList<>();
        for (int i = 0; i < 2 * RespServer.threads(); i++) {
            RawClient client = connect();
            log.onSubmit(
                    () -> (Thread.currentThread().getName().endsWith("-1") ? onListenersLoop : onOthers).add(client));
            assertThat(client.call("SET", "k", "v")).isEqualTo("+OK");
        }
        assumeThat(onOthers).as("on one processor there is one loop").isNotEmpty();
        Semaphore arrived = new Semaphore(0);
        CountDownLatch first = new CountDownLatch(1);
        CountDownLatch second = new CountDownLatch(1);
        log.onSubmit(() -> {
            arrived.release();
            await(first);
        });
        onListenersLoop.get(0).send(RawClient.command("SET", "k", "v"));
        assertThat(arrived.tryAcquire(5, TimeUnit.SECONDS)).isTrue();
        log.onSubmit(() -> {
            arrived.release();
            await(second);
        });
        onListenersLoop.get(1).send(RawClient.command("SET", "k", "v"));
        for (int i = 0; i < RespServer.threads(); i++) {
            connect();
        }
        first.countDown();
        assertThat(arrived.tryAcquire(5, TimeUnit.SECONDS)).isTrue();

        Thread closing = new Thread(server::close, "closing");
        closing.start();
        Waiting.until("it waits", SOON, () -> closing.getState() == Thread.State.TIMED_WAITING);
        try {
            assertThat(onOthers.get(0).call("PING")).isEqualTo("+PONG");
        } finally {
            second.countDown();
        }
        closing.join(SOON.toMillis());

        assertThat(closing.isAlive()).isFalse();
        assertThat(lines.list)
                .filteredOn(line -> line.getLevel().isGreaterOrEqual(Level.WARN))
                .isEmpty();
    }

    private RawClient connect() throws IOException {
        RawClient client = client();
        clients.add(client);
        return client;
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(5, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
