package dev.handover.netty;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.DatagramChannel;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Occupies the lowest free file descriptors for a moment, so that what is opened meanwhile gets a higher one than what is opened after. Linux closes the descriptors
 * of a killed process from the highest to the lowest: a listening socket above the connections is gone before the peers see their connections
 * end, and their dials are refused at once. Below them it would still take these dials and reset them a moment later. Nothing but speed rests on this.
 */
final class LowDescriptors implements Closeable {
    private static final Logger LOG = LoggerFactory.getLogger(NettyTransport.class);

    private final List<DatagramChannel> sockets = new ArrayList<>();

    LowDescriptors(int count) {
        try {
            for (int i = 0; i < count; i++) {
                sockets.add(DatagramChannel.open());
            }
        } catch (IOException e) {
            LOG.debug("Got {} of {} descriptors, which will do", sockets.size(), count, e);
        }
    }

    @Override
    public void close() throws IOException {
        for (DatagramChannel socket : sockets) {
            socket.close();
        }
    }
}
