package dev.handover.spring;

import dev.handover.fencing.FencingGuard;
import dev.handover.fencing.HttpFence;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Lets requests through only with the newest epoch in their header {@value HttpFence#HEADER}: for a service that leaders of others call. Others get 428 without one, 400 for none, 412 for an older one, with the reason as text.
 *
 * <pre>{@code
 * @Bean
 * FilterRegistrationBean<HttpFenceFilter> fence(FencingGuard warehouse) {
 *     var registration = new FilterRegistrationBean<>(new HttpFenceFilter(warehouse));
 *     registration.addUrlPatterns("/ship/*");
 *     return registration;
 * }
 * }</pre>
 */
public final class HttpFenceFilter extends OncePerRequestFilter {
    private final HttpFence fence;

    /** Asks this guard, which may block. */
    public HttpFenceFilter(FencingGuard guard) {
        fence = new HttpFence(guard);
    }

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        HttpFence.Decision decision = fence.admit(request.getHeader(HttpFence.HEADER));
        if (decision.admitted()) {
            chain.doFilter(request, response);
        } else {
            response.setStatus(decision.status());
            response.setContentType("text/plain");
            response.setCharacterEncoding(StandardCharsets.UTF_8.name());
            response.getWriter().write(decision.reason());
        }
    }
}
