"""Image files, MATLAB's imresize, PSNR and SSIM, tiles."""
