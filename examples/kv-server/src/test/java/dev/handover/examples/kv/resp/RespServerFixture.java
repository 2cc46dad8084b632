package dev.handover.examples.kv.resp;

import dev.handover.examples.kv.RawClient;
import dev.handover.examples.kv.store.KvStateMachine;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A server before a loop-back log, for one test. */
abstract class RespServerFixture {
    KvStateMachine store;
    LoopbackLog log;
    RespServer server;

    @BeforeEach
    void startServer() throws IOException {
        start(Duration.ofSeconds(5), 100);
    }

    @AfterEach
    void stopServer() {
        server.close();
        log.close();
    }

    void restart(Duration timeout, int maxClients) throws IOException {
        stopServer();
        start(timeout, maxClients);
    }

    RawClient client() throws IOException {
        return new RawClient(server.address());
    }

    private void start(Duration timeout, int maxClients) throws IOException {
        store = new KvStateMachine();
        log = new LoopbackLog(store);
        InetSocketAddress anyPort = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        server = RespServer.start(log, store, new ServerSettings(anyPort, timeout, maxClients));
    }
}
