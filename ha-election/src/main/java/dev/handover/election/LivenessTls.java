package dev.handover.election;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;

/** One connection of a {@link LivenessPort} with TLS: both sides show a certificate, then it says its few bytes, and whatever comes is thrown away. Of the port's thread. */
final class LivenessTls {
    private final SocketChannel channel;
    private final SSLEngine engine;
    private final ByteBuffer hello;
    private final ByteBuffer in;
    private final ByteBuffer out;
    private final ByteBuffer ignored;
    private final long begunNanos = System.nanoTime();
    private boolean greeted;

    LivenessTls(SocketChannel channel, SSLContext context, ByteBuffer hello) throws IOException {
        this.channel = channel;
        this.hello = hello;
        engine = context.createSSLEngine();
        engine.setUseClientMode(false);
        engine.setEnabledProtocols(new String[] {"TLSv1.3", "TLSv1.2"});
        engine.setNeedClientAuth(true);
        int packet = engine.getSession().getPacketBufferSize();
        in = ByteBuffer.allocate(packet);
        out = ByteBuffer.allocate(4 * packet); // a whole flight of the handshake
        ignored = ByteBuffer.allocate(engine.getSession().getApplicationBufferSize());
        engine.beginHandshake();
    }

    /** Whether the other side has had more time for its handshake than that. */
    boolean isLate(long nanos) {
        return !greeted && System.nanoTime() - begunNanos > nanos;
    }

    boolean hasMoreToWrite() {
        return out.position() > 0;
    }

    /** Reads and writes what can be without waiting; false when the connection is over. */
    boolean go() throws IOException {
        if (channel.read(in) < 0) {
            return false;
        }
        try {
            return steps();
        } catch (SSLException e) {
            sendAlert();
            throw e;
        }
    }

    private boolean steps() throws IOException {
        while (true) {
            HandshakeStatus status = engine.getHandshakeStatus();
            if (status == HandshakeStatus.NEED_TASK) {
                for (Runnable task = engine.getDelegatedTask(); task != null; task = engine.getDelegatedTask()) {
                    task.run();
                }
            } else if (status == HandshakeStatus.NEED_WRAP) {
                if (!wrap(ByteBuffer.allocate(0))) {
                    return !engine.isOutboundDone();
                }
            } else if (status == HandshakeStatus.NOT_HANDSHAKING && !greeted) {
                if (!wrap(hello)) {
                    return !engine.isOutboundDone();
                }
                greeted = !hello.hasRemaining();
            } else {
                in.flip();
                SSLEngineResult result = engine.unwrap(in, ignored);
                in.compact();
                ignored.clear();
                if (result.getStatus() == SSLEngineResult.Status.CLOSED) {
                    return false;
                }
                if (result.getStatus() == SSLEngineResult.Status.BUFFER_UNDERFLOW) {
                    flush();
                    return true;
                }
            }
        }
    }

    /** False if nothing more can be: what was there before must be sent first, or this side has closed. */
    private boolean wrap(ByteBuffer what) throws IOException {
        SSLEngineResult result = engine.wrap(what, out);
        flush();
        return result.getStatus() == SSLEngineResult.Status.OK;
    }

    private void flush() throws IOException {
        out.flip();
        channel.write(out);
        out.compact();
    }

    private void sendAlert() throws IOException {
        boolean more = true;
        while (more && engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP) {
            more = wrap(ByteBuffer.allocate(0));
        }
    }
}
