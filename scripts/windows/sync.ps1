<#
.SYNOPSIS
Starts a management session with the mockmdm server now.

.DESCRIPTION
Runs the scheduled task of the enrollment, as Settings does with "Sync". Elevated.
#>
[CmdletBinding()]
param()
Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'

$accounts = 'HKLM:\SOFTWARE\Microsoft\Provisioning\OMADM\Accounts'
$guid = Get-ChildItem $accounts -ErrorAction SilentlyContinue | ForEach-Object {
    $protected = Get-ItemProperty (Join-Path $_.PSPath 'Protected') -ErrorAction SilentlyContinue
    if ($protected -and $protected.PSObject.Properties['ServerId'] -and $protected.ServerId -eq 'mockmdm') { $_.PSChildName }
} | Select-Object -First 1
if (-not $guid) {
    throw 'This machine is not enrolled with mockmdm.'
}

$task = "\Microsoft\Windows\EnterpriseMgmt\$guid\Schedule #3 created by enrollment client"
& schtasks.exe /Run /I /TN $task
if ($LASTEXITCODE -ne 0) {
    Write-Warning 'The task did not start; asking the enrollment program instead.'
    & "$env:windir\System32\DeviceEnroller.exe" /o $guid /c /b
    if ($LASTEXITCODE -ne 0) { throw "No session was started ($LASTEXITCODE)." }
}
Write-Output "A session of the enrollment $guid was asked for; ``mockmdm events --follow`` shows it."
