package dev.handover.replication;

import dev.handover.netty.NettyTransport;
import org.junit.jupiter.api.BeforeEach;

/** The same over real connections, whose buffers are encoded while the memory of commands is let go of. */
class PayloadReuseOverNettyTest extends PayloadReuseTest {
    @BeforeEach
    void overNetty() {
        cluster.transports = () -> NettyTransport.listen("127.0.0.1", 0);
    }

    @Override
    void disturb(Writer writer) throws InterruptedException {
        writer.write(100);
    }
}
